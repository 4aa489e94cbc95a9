"""No text of an alert reaches a person or a file as anything but visible, bounded text."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from triage.trust.untrusted import clean, defang, for_markdown, for_terminal

SPECIAL = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA1), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F))))
SPECIAL += (
    "\u2066\u2069\ufeff\u00ad\u034f\ufe0f\U000e0041\U000e0100\u3000\u0301\ud800\uffff" + "<>[]()!`*_|~#&\\-.:@$^={}+"
)
TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(SPECIAL)), max_size=60)
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u00ad\u034f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


@given(TEXT, st.integers(1, 80))
def test_clean_is_visible_bounded_and_idempotent(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not FORBIDDEN.search(cleaned)
    assert cleaned.isprintable()
    assert clean(cleaned, limit) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode()


@given(TEXT)
def test_lines_are_kept_only_where_asked(text: str) -> None:
    kept = clean(text, 1000, lines=True)
    assert not FORBIDDEN.search(kept.replace("\n", ""))
    assert clean(kept, 1000, lines=True) == kept
    assert "\n" not in for_terminal(text)


@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E), max_size=60))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert clean(text, 60) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("a\x00b\x7f", "a␀b␡"),
        ("invoice\u202efdp.exe", "invoice\u2039U+202E\u203afdp.exe"),
        ("pass\u200bword", "pass\u2039U+200B\u203aword"),
        ("\U000e0041", "\u2039U+E0041\u203a"),
        ("\x9b31m", "\u2039U+009B\u203a31m"),
        ("\ud800", "\u2039U+D800\u203a"),
        ("a\tb\u00a0c", "a b c"),
        ("Zürich e\u0301 東京 🔥", "Zürich é 東京 🔥"),
    ],
)
def test_what_acts_is_shown(text: str, shown: str) -> None:
    assert clean(text, 100) == shown


def test_a_cut_is_shown_even_of_a_huge_text() -> None:
    assert clean("x" * 50_000_000, 10) == "x" * 9 + "…"
    assert clean("e\u0301" * 100, 100) == "é" * 100
    assert clean("\u0344" * 10, 5).endswith("…")
    assert clean("abc", 3) == "abc"


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/leak?q=1)",
    "`code` **bold** _it_ ~~no~~",
    "# heading",
    "- item",
    "   + item",
    "1. item",
    "1) item",
    "a | b\n---|---\n1 | 2",
    "> quote",
    "<http://evil.example>",
    "[ref]: http://evil.example",
    "```\nfence",
    "===",
    "---",
    "&lt;script&gt; &#60;b&#62;",
    "\\[x](y)",
    "    indented code",
    "***",
    "| a |",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_stays_text(text: str) -> None:
    html = MARKDOWN.render(for_markdown(text))
    assert set(re.findall(r"<(/?\w+)", html)) <= {"p", "/p"}, html
    table = MARKDOWN.render(f"| h | i |\n| - | - |\n| {for_markdown(text)} | end |")
    assert set(re.findall(r"<(\w+)", table)) <= {"table", "thead", "tbody", "tr", "th", "td"}, table
    assert table.count("<td>") == 2
    assert "<td>end</td>" in table


@given(TEXT)
def test_any_text_stays_text_in_markdown(text: str) -> None:
    html = MARKDOWN.render(f"x {for_markdown(text)}")
    assert set(re.findall(r"<(/?\w+)", html)) <= {"p", "/p"}, html


@pytest.mark.parametrize("text", ["http://evil.example", "www.evil.example", "ana@evil.example", "HTTPS://x.y"])
def test_nothing_links_itself(text: str) -> None:
    assert not re.search(r"https?://|www\.|\w@\w", for_markdown(text), re.IGNORECASE)


@pytest.mark.parametrize(
    ("indicator", "safe"),
    [
        ("https://evil.example/a.b", "hxxps[:]//evil[.]example/a[.]b"),
        ("http://10.0.0.1", "hxxp[:]//10[.]0[.]0[.]1"),
        ("evil.example", "evil[.]example"),
        ("ana@evil.example", "ana[@]evil[.]example"),
        ("plain", "plain"),
    ],
)
def test_defanged_indicators(indicator: str, safe: str) -> None:
    assert defang(indicator) == safe
    assert defang(safe) == safe
