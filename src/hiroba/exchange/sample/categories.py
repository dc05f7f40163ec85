"""What a kind of place is called in both languages: the `category` of entities as residents read it."""

from typing import Final

from hiroba.exchange.sample.names import text

WRITTEN: Final = {
    "hall": ("役所・役場", "Town hall"),
    "branch": ("出張所・市民センター", "Branch office"),
    "communityCentre": ("公民館", "Community centre"),
    "elementary": ("小学校", "Elementary school"),
    "juniorHigh": ("中学校", "Junior high school"),
    "high": ("高等学校", "High school"),
    "nursery": ("認可保育所", "Licensed nursery"),
    "certifiedCentre": ("認定こども園", "Certified centre for early childhood"),
    "kindergarten": ("幼稚園", "Kindergarten"),
    "hospital": ("病院", "Hospital"),
    "clinic": ("診療所", "Clinic"),
    "block": ("街区公園", "City block park"),
    "pocket": ("広場", "Square"),
    "neighbourhood": ("近隣公園", "Neighbourhood park"),
    "central": ("総合公園", "Central park"),
    "public": ("公営駐車場", "Public car park"),
    "School": ("学校の校庭", "Schoolyard"),
    "Park": ("公園", "Park"),
    "PublicOffice": ("公民館", "Community centre"),
    "general": ("一般の避難所", "General shelter"),
    "welfare": ("福祉避難所", "Welfare shelter"),
    "sight": ("名所", "Sight"),
    "quay": ("港", "Waterfront"),
    "ferry": ("渡船", "Ferry"),
    "shore": ("海辺", "Seaside"),
    "islet": ("島", "Islet"),
    "shrine": ("神社", "Shrine"),
    "summit": ("山頂", "Summit"),
    "children": ("子ども・子育て", "Children"),
    "learning": ("学び", "Learning"),
    "health": ("健康", "Health"),
    "safety": ("防災", "Safety"),
    "market": ("市・物産", "Market"),
    "volunteering": ("ボランティア", "Volunteering"),
    "counter": ("窓口", "Counter"),
    "participation": ("市民参加", "Participation"),
    "culture": ("文化", "Culture"),
    "dinner": ("食堂", "Diner"),
    "cafe": ("喫茶", "Café"),
    "noodles": ("そば", "Soba"),
    "sushi": ("鮨", "Sushi"),
    "bakery": ("パン", "Bakery"),
    "coinLaundry": ("コインランドリー", "Coin laundry"),
}


def category(key: str) -> dict[str, dict[str, str]]:
    """The category in both languages."""
    return text(*WRITTEN[key])
