"""References: accepted ones, their canonical form, and refused ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hub import sources
from hub.errors import RefError

A, B = "a" * 64, "b" * 64
PINS = f"sha256={B}&archive-sha256={A}"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("builtin:digits.safetensors", None),
        ("builtin:vision/digits.safetensors", None),
        ("hf:org/name/notes #1.txt", None),
        (f"hf:org/name/a#b#sha256={A}", None),
        ("file:/srv/a b/weights.pth", None),
        ("file:///srv/a%20b/weights.pth", "file:/srv/a b/weights.pth"),
        ("file://localhost/srv/w.pth", "file:/srv/w.pth"),
        ("file:/srv/x/../w.pth", "file:/srv/w.pth"),
        ("https://example.org/w.pth", None),
        ("HTTPS://Example.ORG:443/W.pth?x=1&y=2", "https://example.org/W.pth?x=1&y=2"),
        ("https://example.org:8443/a b", "https://example.org:8443/a%20b"),
        ("http://127.0.0.1:8000/w.pth", None),
        ("http://[::1]/w.pth", None),
        ("http://localhost:80/w.pth", "http://localhost/w.pth"),
        ("pypi:some-model==1.0/pkg/w.pth", None),
        ("PyPI:Some_.Model==1!2.0rc1.post3+cpu.1/w", "pypi:some-model==1!2.0rc1.post3+cpu.1/w"),
        ("torch:resnet18-f37072fd.pth", None),
        ("Torch:https://Example.org/a-12345678.pth", "torch:https://example.org/a-12345678.pth"),
        ("github:Owner/My.Repo@v1.0/Asset.pth", "github:owner/my.repo@v1.0/Asset.pth"),
        ("github:o/r@releases/v1/w.pth", None),
        ("s3://bucket/a b/w.pth", None),
        ("fsspec:S3://bucket/w.pth", "s3://bucket/w.pth"),
        ("fsspec:memory://w.pth", None),
        (f"https://example.org/w.pth#sha256={A.upper()}", f"https://example.org/w.pth#sha256={A}"),
        (f"pypi:m==1/w#archive-sha256={A}&sha256={B}", f"pypi:m==1/w#{PINS}"),
    ],
)
def test_canonical_spelling(text: str, canonical: str | None) -> None:
    ref = sources.parse(text)
    assert str(ref) == (canonical or text)
    assert sources.parse(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no source"),
        ("weights.pth", "write 'file:weights.pth'"),
        ("C:/weights.pth", "is not a source; there are: "),
        ("C:\\weights.pth", "is not a source"),
        ("gopher://example.org/w", "is not a source"),
        ("https:", "names no file"),
        ("file:a\0b", "control character"),
        ("file:a\nb", "control character"),
        ("file:///a%00b", "control character"),
        ("file://host/a", "not a file URL of this machine"),
        ("file:\ud800", "surrogate"),
        ("file:" + "a" * 5000, "longer than 4096"),
        (f"file:a#sha256={A}#sha256={B}", "more than one pin"),
        ("builtin:../secret", "'..'"),
        ("builtin:/etc/passwd", "empty"),
        ("builtin:a//b", "empty"),
        ("builtin:a/./b", "'.'"),
        ("builtin:C:/a", "not a relative path"),
        ("builtin:a\\b", "not a relative path"),
        (f"builtin:a#sha256={A}/b#sha256={B}", "holds a pin"),
        (f"builtin:a#archive-sha256={A}", "has no archive"),
        ("pypi:name", "is not like 'pypi:NAME==VERSION/path/inside'"),
        ("pypi:name==1.0", "is not like"),
        ("pypi:name==1.*/w", "exact version"),
        ("pypi:name>=1.0/w", "exact version"),
        ("pypi:--index-url==1.0/w", "is not like"),
        ("pypi:name==1.0 --pre/w", "is not like"),
        ("pypi:name==1.0//etc/passwd", "empty"),
        ("pypi:name==1.0/../w", "'..'"),
        ("pypi:name==1.0/C:/w", "not a relative path"),
        ("pypi:name==1.0/a\\..\\w", "not a relative path"),
        ("http://example.org/w.pth", "plain http is only for this machine"),
        ("torch:resnet18.pth", "does not end in '-HASH.pth'"),
        ("torch:resnet18-f37072f.pth", "at least 8 digits"),
        ("torch:-f37072fd?.pth", "is not like 'torch:NAME"),
        ("torch:http://example.org/a-12345678.pth", "plain http is only for this machine"),
        ("torch:https://example.org/a.pth?x=-12345678.pth", "does not end in"),
        ("github:owner/repo/asset", "is not like 'github:OWNER/REPOSITORY@TAG/ASSET'"),
        ("github:owner/repo@tag", "is not like"),
        ("github:owner/..@tag/asset", "'..' part"),
        ("github:owner/repo@../asset", "'..' part"),
        ("github:owner/repo@tag/../asset", "'..' part"),
        ("github:owner/repo@a b/asset", "is not like"),
        ("s3:bucket/w.pth", "is not like 's3://BUCKET/KEY'"),
        ("s3://key:secret@bucket/w", "leave the login out"),
        ("s3://bucket/../w", "'..' part"),
        ("s3://bucket/folder/", "empty"),
        ("fsspec:simplecache::s3://bucket/w", "is not like"),
        ("fsspec:zip://w::s3://bucket/a.zip", "chains of file systems"),
        ("fsspec:file:///etc/passwd", "is not like"),
        ("fsspec:https://example.org/w", "write 'https:' instead"),
        ("http://127.0.0.1.example.org/w", "plain http is only for this machine"),
        ("https://user:password@example.org/w", "~/.netrc"),
        ("https:///w", "is not a URL like"),
        ("https://exa mple.org/w", "is not a URL like"),
        ("https://example.org:99999/w", "is not a URL"),
        ("https://example.org", "names a folder"),
        ("https://example.org/a/", "names a folder"),
        ("https://example.org/../w", "'..'"),
        ("https://example.org/a/%2e%2E/w", "'..'"),
        ("https://example.org/a/..%5cw", "backslash"),
        ("https://example.org/a%00", "control character"),
        ("https://example.org/w#readme", "another fragment"),
        ("https://example.org/w#sha256=123", "64 hexadecimal digits"),
        (f"https://example.org/w#sha256={A}&sha256={A}", "is not one"),
        (f"https://example.org/w#sha256={A}&md5={A}", "is not one"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(RefError) as error:
        sources.parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_password_is_not_repeated_in_the_error() -> None:
    with pytest.raises(RefError) as error:
        sources.parse("https://user:password@example.org/w")
    assert "password@" not in str(error.value)


def test_file_is_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sources.parse("file:a/w.pth").locator == f"{tmp_path}/a/w.pth"
    assert sources.parse((tmp_path / "ä #1").as_uri()).locator == f"{tmp_path}/ä #1"


@pytest.mark.parametrize(
    ("text", "filename"),
    [
        ("builtin:digits.safetensors", "digits.safetensors"),
        ("https://example.org/a/w.pth?download=a/b", "w.pth"),
        ("https://example.org/a/%2fetc%2fpasswd", "_etc_passwd"),
        ("https://example.org/ä b.pth", "__b.pth"),
        ("https://example.org/" + "x" * 500 + ".pth", "x" * 116 + ".pth"),
        ("https://example.org/...", "file"),
    ],
)
def test_filename(text: str, filename: str) -> None:
    assert sources.parse(text).filename == filename


def test_pin_by_argument() -> None:
    ref = sources.parse("builtin:w")
    assert ref.pinned(None) == ref
    assert ref.pinned(A.upper()).sha256 == A
    assert ref.pinned(A).pinned(A) == ref.pinned(A)
    with pytest.raises(RefError, match="pinned to other bytes"):
        ref.pinned(A).pinned(B)


_PIECES = st.sampled_from(
    [
        "builtin:",
        "file:",
        "https://",
        "http://",
        "pypi:",
        "github:",
        "torch:",
        "s3://",
        "fsspec:",
        "host",
        "[::1]",
        ":80",
        "@",
        "/",
        "//",
    ]
    + ["..", ".", "\\", "C:", "%2e", "%", "%00", "?", "#", "#sha256=", A, "&", "==", "1.0", "~"]
)


@given(st.one_of(st.text(), st.lists(st.one_of(_PIECES, st.text(max_size=3))).map("".join)))
def test_any_text_is_refused_or_has_one_spelling(text: str) -> None:
    try:
        ref = sources.parse(text)
    except RefError as error:
        assert "\n" not in str(error)
        return
    assert sources.parse(str(ref)) == ref
    assert str(sources.parse(str(ref))) == str(ref)
    assert "/" not in ref.filename and ref.filename not in ("", ".", "..")
    if ref.kind in ("builtin", "pypi"):
        assert ".." not in ref.locator.split("/") and "\\" not in ref.locator


@given(
    st.sampled_from(["some-model", "m", "a.b_c"]),
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1),
)
def test_members_are_unchanged(name: str, parts: list[str]) -> None:
    member = "/".join(parts)
    assert sources.parse(f"pypi:{name}==1.0/{member}").locator.partition("/")[2] == member
