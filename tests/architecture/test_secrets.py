"""What must stay secret: where chance, hashes and keys come from, and where nothing may be left lying. Read from the source."""

import ast
import math
import re
from pathlib import Path

from hiroba.base.ids import ALPHABET
from hiroba.exchange.identity.people import mandates, recovery
from hiroba.exchange.identity.provider import devices, keys

ROOT = Path(__file__).parents[2]
GUESSABLE = re.compile(r"^(exchange/sample/|services/\w+/sample\.py$|exchange/broker/(delivery|forwarded)/)")
"""Invented data, and waits that are spread over time."""
CRYPTOGRAPHY = {"cryptography", "joserfc", "webauthn", "hashlib", "hmac", "secrets", "ssl"}
LOOKS_LIKE_IT = re.compile(
    r"^(cryptography|joserfc|webauthn|hashlib|hmac|secrets|ssl|crypt\w*|jwt|jose|nacl|Crypto\w*|rsa|ecdsa|passlib)$"
)
LOGGING = {
    "logging.basicConfig",
    "logging.StreamHandler",
    "logging.FileHandler",
    "logging.handlers",
    "logging.config.dictConfig",
}
STORAGE = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|\bcaches\.")


def test_whatever_must_not_be_guessed_comes_from_the_system_s_source(modules: list) -> None:
    guessable = {module.path for module in modules if "random" in module.imports()}
    assert [path for path in guessable if not GUESSABLE.match(path)] == []
    lengths = [
        call.args[0].value
        for module in modules
        for name, call in module.calls()
        if name in {"secrets.token_urlsafe", "secrets.token_bytes", "secrets.token_hex"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]
    assert len(lengths) > 10
    assert min(lengths) * 8 >= 128


def test_a_code_that_is_typed_has_bits_enough() -> None:
    assert recovery.LETTERS * math.log2(len(ALPHABET)) >= 80
    assert mandates.LETTERS * math.log2(len(ALPHABET)) >= 80
    assert 8 * math.log2(len(devices.LETTERS)) >= 20


def test_only_known_libraries_do_cryptography(modules: list) -> None:
    used = {name.split(".")[0] for module in modules for name in module.imports()}
    assert {name for name in used if LOOKS_LIKE_IT.match(name)} == CRYPTOGRAPHY


def test_only_known_hashes_are_used(modules: list) -> None:
    hashes = {name for module in modules for name, _ in module.calls() if name.startswith("hashlib.")}
    assert hashes == {"hashlib.sha256"}
    digests = {
        ast.unparse(call.args[-1])
        for module in modules
        for name, call in module.calls()
        if name in {"hmac.digest", "hmac.new"}
    }
    assert digests == {"'sha256'"}


def test_keys_of_the_provider_have_128_bits() -> None:
    sizes = {algorithm: keys._generate(algorithm).raw_value.key_size for algorithm in keys.ALGORITHMS}
    assert sizes == {"ES256": 256, "RS256": 3072}


def test_a_process_logs_in_one_way_to_one_place(modules: list) -> None:
    assert {module.path for module in modules for name, _ in module.calls() if name in LOGGING} == {"base/logs.py"}


def test_no_script_of_ours_stores_anything_in_the_browser() -> None:
    scripts = [path for path in (ROOT / "frontend/src").rglob("*.js") if "node_modules" not in path.parts]
    scripts += [*(ROOT / "src").glob("hiroba/services/*/static/*.js")]
    assert len(scripts) > 3
    assert [path.name for path in scripts if STORAGE.search(path.read_text())] == []
