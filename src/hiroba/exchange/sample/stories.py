"""What there is to see and to take part in, told in both languages."""

from typing import Final

import msgspec

from hiroba.exchange.sample.names import Name
from hiroba.exchange.sample.plane import Place


class Sight(msgspec.Struct, frozen=True):
    """A place worth a journey; `at` is fixed where the design has it, else it stands in a district."""

    name: Name
    ja: str
    en: str
    category: str = "sight"
    at: Place | None = None


SIGHTS: Final[dict[str, tuple[Sight, ...]]] = {
    "harbour": (
        Sight(
            Name("赤れんが倉庫", "アカレンガソウコ", "Red Brick Warehouses"),
            "生糸と茶を積み出した六棟の倉庫。いまは市場、工房、小さな劇場が入り、夕方には岸壁に灯がともります。",
            "Six warehouses that once shipped silk and tea; now a market, workshops and a small theatre, "
            "with lamps along the quay at dusk.",
            category="quay",
        ),
        Sight(
            Name("港の見える丘展望台", "ミナトノミエルオカテンボウダイ", "Harbour View Hill"),
            "湾とふたつの島を見渡す丘。冬の晴れた朝には、北の山の雪と入港する船が一度に見えます。",
            "A hill over the bay and both islands. On clear winter mornings you see snow on the northern "
            "mountains and ships coming in.",
        ),
        Sight(
            Name("渡船待合所", "トセンマチアイジョ", "Ferry House"),
            "島へ渡る船の待合所。昭和初期の木造で、二階の喫茶室から船の出入りを眺められます。",
            "The wooden waiting room of the island ferry, with a tea room upstairs to watch the boats.",
            category="ferry",
        ),
    ),
    "castle": (
        Sight(
            Name("城跡公園の石垣", "シロアトコウエンノイシガキ", "Castle Ruins"),
            "川を堀に取り込んだ平山城の跡。天守台からは城下の町割りがそのまま読み取れます。春は石垣に桜がかかります。",
            "The ruins of a castle that used the river as its moat. From the keep's base the old street "
            "plan lies open; in spring cherry blossom hangs over the walls.",
        ),
        Sight(
            Name("藩校明倫舎", "ハンコウメイリンシャ", "Clan School Meirinsha"),
            "町人の子にも門を開いた藩校。講堂では月に一度、誰でも参加できる素読の会があります。",
            "A clan school that also took townspeople's children. Once a month anyone may join the "
            "reading aloud in its hall.",
        ),
        Sight(
            Name("紺屋の水路", "コンヤノスイロ", "Dyers' Canal"),
            "染物の糊を洗った水路沿いの小道。五軒の工房が今も藍を建てています。",
            "A lane along the canal where dyers rinsed their cloth; five workshops still keep their indigo vats.",
        ),
    ),
    "newtown": (
        Sight(
            Name("こども科学館", "コドモカガクカン", "Children's Science Museum"),
            "さわって試せる60の展示と、直径18メートルのプラネタリウム。第3日曜は県内の小中学生が無料です。",
            "Sixty exhibits to touch and an 18 m planetarium; free for the prefecture's pupils on the third Sunday.",
        ),
        Sight(
            Name("丘の美術館", "オカノビジュツカン", "Museum on the Hill"),
            "地元の陶芸と現代の版画を集めた小さな美術館。池に張り出した休憩室が静かです。",
            "A small museum of local pottery and modern prints, with a quiet room built out over the pond.",
        ),
    ),
    "orchard": (
        Sight(
            Name("段々畑の見晴らし小屋", "ダンダンバタケノミハラシゴヤ", "Terrace Lookout"),
            "海まで落ちる柑橘の段々畑のてっぺんの小屋。11月は収穫用のモノレールに試乗できます。",
            "A hut above citrus terraces that fall to the sea. In November you may ride the growers' monorail.",
        ),
        Sight(
            Name("道の駅みのり", "ミチノエキミノリ", "Roadside Station Minori"),
            "朝8時から開く直売所。その日の野菜と、蜜柑の花のはちみつが人気です。",
            "A farmers' market open from eight, known for the day's vegetables and honey from orange blossom.",
        ),
        Sight(
            Name("茶摘みの里", "チャツミノサト", "Tea Picking Village"),
            "5月は茶摘み、ほかの季節は手もみと釜炒りを体験できます（予約制）。",
            "Pick tea in May, roll and roast it by hand in other seasons; please book.",
        ),
    ),
    "spa": (
        Sight(
            Name("外湯めぐり一番湯", "ソトユメグリイチバンユ", "First Bath"),
            "七つの外湯のいちばん古い湯。海に向いた露天風呂で、日の出の一時間前から入れます。",
            "The oldest of the seven public baths; its pool faces the sea and opens an hour before sunrise.",
        ),
        Sight(
            Name("砂むし浜", "スナムシハマ", "Sand Bath Beach"),
            "湯けむりの上がる砂浜に埋まる砂湯。潮の時刻で場所が変わります。",
            "Be buried in the steaming sand of the beach; the place moves with the tide.",
            category="shore",
        ),
        Sight(
            Name("東岬灯台", "ヒガシミサキトウダイ", "East Cape Lighthouse"),
            "県の東の端に立つ白い灯台。土日は螺旋階段を上れます。",
            "The white lighthouse at the prefecture's eastern end; its spiral stairs are open at weekends.",
            at=(16.0, -2.7),
        ),
    ),
    "fishing": (
        Sight(
            Name("魚市場のせり見学台", "ウオイチバノセリケンガクダイ", "Auction Gallery of the Fish Market"),
            "午前5時から一本釣りの鰹と地の魚のせり。見学台は無料、長靴はいりません。",
            "From five in the morning, bonito and local fish are auctioned below a free gallery; no boots needed.",
        ),
        Sight(
            Name("弁天の小島", "ベンテンノコジマ", "Benten Islet"),
            "湾の中の無人島。祭りの日だけ渡し船が出て、島の社に灯がともります。",
            "An uninhabited islet in the bay. On festival days a boat crosses and lights are lit at its shrine.",
            category="islet",
            at=(2.5, -9.1),
        ),
        Sight(
            Name("船霊の社", "フナダマノヤシロ", "Shrine of the Boats"),
            "初漁の旗が奉納される社。石段は百八段あり、津波のときの避難路でもあります。",
            "Crews bring the flags of their first catch here. Its 108 steps are also the way up in a tsunami.",
        ),
    ),
    "island": (
        Sight(
            Name("夕凪の浜", "ユウナギノハマ", "Yunagi Beach"),
            "西を向いた遠浅の浜。夕方は風がやみ、海がそのまま空の色になります。",
            "A shallow beach facing west. The wind drops towards evening and the sea takes the colour of the sky.",
            category="shore",
        ),
        Sight(
            Name("島の灯台資料室", "シマノトウダイシリョウシツ", "Lighthouse Museum"),
            "灯台守の官舎を使った資料室。三世代の航海日誌と、回転レンズの実物があります。",
            "The keepers' house as a museum, with three generations of logbooks and a revolving lens.",
        ),
    ),
    "mountain": (
        Sight(
            Name("かずら橋", "カズラバシ", "Vine Bridge"),
            "蔓を編んだ長さ38メートルの橋。三年ごとに村の人が総出で架け替えます。",
            "A bridge of woven vines, 38 m long, that the whole village rebuilds every three years.",
        ),
        Sight(
            Name("霧の湯キャンプ場", "キリノユキャンプジョウ", "Misty Springs Camp"),
            "沢の音が聞こえる20区画。村の製材所の端材がたきぎとして配られます。",
            "Twenty pitches within hearing of the stream; offcuts from the village sawmill are the firewood.",
        ),
    ),
}
"""By what each municipality is known for."""


class Occasion(msgspec.Struct, frozen=True):
    """Something that is held at places of a type: when it starts and how many hours it lasts."""

    venue: str
    name: Name
    category: str
    starts: int
    lasts: float
    ja: str
    en: str
    weekend: bool = False
    free: bool = True
    often: float = 0.5
    """The share of its venues that hold it in the coming weeks."""


OCCASIONS: Final = (
    Occasion(
        "Library",
        Name("おはなし会", "オハナシカイ", "Story Time"),
        "children",
        11,
        0.75,
        "絵本と紙芝居の読み聞かせ。赤ちゃんと一緒にどうぞ。申込不要。",
        "Picture books and paper theatre, babies welcome; no booking.",
        often=1,
    ),
    Occasion(
        "Library",
        Name("古文書を読む会", "コモンジョヲヨムカイ", "Reading Old Documents"),
        "learning",
        14,
        2,
        "土地の検地帳を一枚ずつ読みます。はじめての方には変体仮名の手引きを用意しています。",
        "We read the local land registers sheet by sheet; beginners get a guide to the old script.",
        often=0.3,
    ),
    Occasion(
        "communityCentre",
        Name("スマートフォン相談会", "スマートフォンソウダンカイ", "Smartphone Help"),
        "learning",
        13,
        2,
        "電子申請や防災アプリの使い方を、職員と高校生が一対一でお手伝いします。",
        "Staff and high-school pupils help you one to one with online procedures and the disaster app.",
        often=0.2,
    ),
    Occasion(
        "communityCentre",
        Name("健康体操教室", "ケンコウタイソウキョウシツ", "Gentle Exercise"),
        "health",
        10,
        1.5,
        "いすに座ったままでもできる体操です。血圧測定もあります。",
        "Exercise you can also do seated, with blood pressure checks.",
        often=0.22,
    ),
    Occasion(
        "elementary",
        Name("地域防災訓練", "チイキボウサイクンレン", "Neighbourhood Disaster Drill"),
        "safety",
        9,
        3,
        "避難所の開設、炊き出し、トイレの組み立てを体験します。ペットの同行避難も試せます。",
        "Open a shelter, cook for many, put up a toilet; you may bring your pet to try that too.",
        weekend=True,
        often=0.25,
    ),
    Occasion(
        "central",
        Name("朝市", "アサイチ", "Morning Market"),
        "market",
        7,
        3,
        "農家と漁師が軽トラックで集まります。マイバッグをお持ちください。",
        "Farmers and fishers bring their small trucks; please bring a bag.",
        weekend=True,
        often=0.8,
    ),
    Occasion(
        "neighbourhood",
        Name("花壇の手入れの日", "カダンノテイレノヒ", "Flower Bed Day"),
        "volunteering",
        9,
        1.5,
        "道具と軍手は用意します。雨の日は中止です。",
        "Tools and gloves are there; cancelled in the rain.",
        weekend=True,
        often=0.18,
    ),
    Occasion(
        "hall",
        Name("休日窓口", "キュウジツマドグチ", "Weekend Counter"),
        "counter",
        9,
        3,
        "引っ越しとマイナンバーカードの手続きを日曜日に受け付けます。",
        "Moving and ID card procedures on a Sunday.",
        weekend=True,
        often=1,
    ),
    Occasion(
        "hall",
        Name("まちづくり意見交換会", "マチヅクリイケンコウカンカイ", "Town Meeting"),
        "participation",
        19,
        1.5,
        "道路と公園の来年度の計画案をご覧いただき、ご意見をうかがいます。手話通訳と託児があります。",
        "See next year's plans for roads and parks and tell us what you think; sign language and childcare are there.",
        often=0.6,
    ),
    Occasion(
        "sight",
        Name("夜間特別公開", "ヤカントクベツコウカイ", "Night Opening"),
        "culture",
        18,
        3,
        "この季節だけの夜間公開。足元の明かりをお持ちください。",
        "Open at night this season only; bring a light for your feet.",
        weekend=True,
        free=False,
        often=0.45,
    ),
    Occasion(
        "shore",
        Name("海辺の清掃", "ウミベノセイソウ", "Beach Clean-up"),
        "volunteering",
        8,
        2,
        "一時間拾って、一時間調べます。拾ったものの種類は公開データになります。",
        "An hour of picking and an hour of counting; what we find becomes open data.",
        weekend=True,
        often=1,
    ),
    Occasion(
        "hospital",
        Name("市民健康講座", "シミンケンコウコウザ", "Public Health Lecture"),
        "health",
        14,
        1.5,
        "看護師と薬剤師が、薬の飲み合わせについて話します。質問の時間を長く取ります。",
        "A nurse and a pharmacist on taking medicines together, with plenty of time for questions.",
        often=0.7,
    ),
)
