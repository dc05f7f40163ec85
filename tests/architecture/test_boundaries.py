"""What may be said in one place only: sockets, the time, SQL, HTML, patterns. Read from the source, not believed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NETWORK = {
    "socket", "ssl", "http.client", "urllib.request", "urllib3", "aiohttp", "httpx", "httpcore", "requests", "websockets",
    "smtplib", "ftplib", "socketserver", "asyncio.open_connection", "asyncio.start_server",
}  # fmt: skip
NOW = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "datetime.datetime.now",
}
SQL = re.compile(
    r"\s*(select\s|insert\s+into\s|update\s+\w+\.|delete\s+from\s|(create|alter|drop)\s+(table|schema|index|role|database|extension)\s|with\s+\w+\s+as\s*\()",
    re.IGNORECASE,
)
ASKS_DATABASES = re.compile(
    r"(^|/)store(\.py|/)|^base/(db/|versions\.py$|jobs\.py$)|^exchange/broker/query/compile\.py$"
)
"""A room's store, the ground's own tables, and the broker's one query compiler."""
SQL_ELSEWHERE = {
    "door/health.py": "select 1: whether the database answers at all",
    "exchange/broker/query/ranking.py": "the compiler of orders, as compile.py is of conditions",
}
HTML = re.compile(
    r"</?(html|body|div|span|p|a|ul|ol|li|table|tr|td|form|input|button|h[1-6]|script|style|img)(\s|>|/>)",
    re.IGNORECASE,
)
HTML_ELSEWHERE = {"door/pages.py": "the hidden field of a form's token, which every template asks for by one name"}
PATTERNS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}


def test_nothing_but_egress_opens_a_connection(modules: list) -> None:
    found = {module.path for module in modules if NETWORK & set(module.imports())}
    found |= {module.path for module in modules for name, _ in module.calls() if name in NETWORK}
    assert found == {"base/egress.py"}


def test_only_the_clock_says_now(modules: list) -> None:
    assert {module.path for module in modules for name, _ in module.calls() if name in NOW} == {"base/clock.py"}


def test_sql_stands_in_stores_and_migrations(modules: list) -> None:
    found = [
        f"{module.path}:{line}"
        for module in modules
        if not ASKS_DATABASES.search(module.path) and module.path not in SQL_ELSEWHERE
        for line, text in module.texts()
        if SQL.match(text)
    ]
    assert found == []


def test_html_stands_in_templates(modules: list) -> None:
    found = [
        f"{module.path}:{line}"
        for module in modules
        if module.path not in HTML_ELSEWHERE
        for line, text in module.texts()
        if HTML.search(text)
    ]
    assert found == []


def test_what_is_exempt_is_still_there(modules: list) -> None:
    texts = {module.path: [text for _, text in module.texts()] for module in modules}
    assert all(any(SQL.match(text) for text in texts[path]) for path in SQL_ELSEWHERE)
    assert all(any(HTML.search(text) for text in texts[path]) for path in HTML_ELSEWHERE)


def test_patterns_of_python_s_own_are_written_in_the_source(modules: list) -> None:
    """A pattern from outside goes to RE2, which answers in linear time; `re` would let one request hold the whole house."""
    found = [f"{module.path}:{line}" for module in modules for line in _patterns_made_while_running(module.tree)]
    assert found == []


def _patterns_made_while_running(tree: ast.Module) -> list[int]:
    """Lines where a function gives `re` something else than a text or a constant of its module."""
    constants = {
        name.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    ]
    return [
        call.lineno
        for function in functions
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr in PATTERNS
        and not (
            isinstance(call.args[0], ast.Constant)
            or (isinstance(call.args[0], ast.Name) and call.args[0].id in constants)
        )
    ]


def test_the_rules_see_what_they_forbid() -> None:
    """A check that can find nothing proves nothing."""
    assert SQL.match("\n        select id from broker.entity")
    assert HTML.search('<p class="x">')
    source = "import re\nK = 'a'\nL = re.compile(K + 'b')\n"
    source += "def f(p):\n    re.match(K, p)\n    re.match('x', p)\n    re.match(p, 'x')"
    assert _patterns_made_while_running(ast.parse(source)) == [7]


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
