"""Names of repositories: accepted ones, their canonical form, and refused ones."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hub import sources
from hub.errors import RefError
from hub.repos import repo_id
from hub.repos.repo_id import Repo, RepoRef

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "name", "canonical"),
    [
        ("hf:org/name", RepoRef(Repo("model", "org/name")), None),
        ("hf://org/name@main", RepoRef(Repo("model", "org/name")), "hf:org/name"),
        ("hf:models/org/name", RepoRef(Repo("model", "org/name")), "hf:org/name"),
        ("hf:gpt2", RepoRef(Repo("model", "gpt2")), None),
        ("hf:gpt2@main/a.json", RepoRef(Repo("model", "gpt2"), "main", "a.json"), None),
        ("hf:gpt2@v1/a/b", RepoRef(Repo("model", "gpt2"), "v1", "a/b"), None),
        ("hf:org/name/a@2.png", RepoRef(Repo("model", "org/name"), "main", "a@2.png"), None),
        ("hf:org/name@refs/pr/1/x", RepoRef(Repo("model", "org/name"), "refs/pr/1", "x"), None),
        ("hf:org/name@a%2Fb/x", RepoRef(Repo("model", "org/name"), "a/b", "x"), None),
        (f"hf:o/n@{COMMIT.upper()}", RepoRef(Repo("model", "o/n"), COMMIT), f"hf:o/n@{COMMIT}"),
        ("hf:datasets/squad", RepoRef(Repo("dataset", "squad")), None),
        (
            "HF:spaces/org/name@v1",
            RepoRef(Repo("space", "org/name"), "v1"),
            "hf:spaces/org/name@v1",
        ),
    ],
)
def test_one_spelling(text: str, name: RepoRef, canonical: str | None) -> None:
    ref = sources.parse(text)
    assert str(ref) == (canonical or text)
    assert repo_id.parse(ref.identity) == name
    assert sources.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text",
    [
        "hf:",
        "hf:/",
        "hf:org/",
        "hf:a--b",
        "hf:a..b",
        "hf:..",
        "hf:../name",
        "hf:org/name.git",
        "hf:org/-name",
        "hf:org/name@",
        "hf:org/name@..",
        "hf:org/name@a%2F..%2Fb",
        "hf:org/name@%2Fetc",
        "hf:org/name@-x",
        "hf:org/name@a.lock",
        "hf:org/name@a%00",
        "hf:org/name@a:b",
        "hf:org/name@a\\b",
        "hf:org/name/",
        "hf:org/name/../x",
        "hf:org/name//x",
        "hf:org/name/C:/x",
        "hf:org/name/a\\b",
        "hf:org/name/a\0b",
        "hf:datasets",
        "hf:" + "x" * 97,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(RefError) as error:
        sources.parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("repo", [Repo("model", "gpt2"), Repo("dataset", "org/name.x")])
def test_folder(repo: Repo) -> None:
    assert Repo.from_folder(repo.folder) == repo


@pytest.mark.parametrize("folder", ["blobs", ".locks", "models--", "models--a--b--c", "x--a--b"])
def test_other_folders(folder: str) -> None:
    assert Repo.from_folder(folder) is None


_PIECES = st.sampled_from(
    ["org", "name", "/", "//", "@", "main", "refs", "pr", "1", "%2F", "%", "..", ".", "--", "\\"]
    + ["datasets", "spaces", "C:", "#", "a.json", COMMIT, "\0", "-", ".git", ".lock"]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=12).map("".join))
def test_any_text_is_refused_or_has_one_spelling(text: str) -> None:
    try:
        ref = sources.parse(f"hf:{text}")
    except RefError as error:
        assert "\n" not in str(error)
        return
    assert sources.parse(str(ref)) == ref
    name = repo_id.parse(ref.identity)
    for part in [*name.repo.name.split("/"), *name.revision.split("/"), name.path or "x"]:
        assert part not in ("", ".", "..") and "\\" not in part and "\0" not in part
    assert Repo.from_folder(name.repo.folder) == name.repo


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("https://huggingface.co/org/name", "hf:org/name"),
        ("https://huggingface.co/org/name/", "hf:org/name"),
        ("https://huggingface.co/org/name?library=x#usage", "hf:org/name"),
        ("huggingface.co/org/name", "hf:org/name"),
        ("https://hf.co/org/name/tree/v1.0", "hf:org/name@v1.0"),
        ("https://huggingface.co/org/name/tree/refs%2Fpr%2F1", "hf:org/name@refs/pr/1"),
        ("https://huggingface.co/org/name/blob/main/a/b%20c.txt", "hf:org/name/a/b c.txt"),
        ("https://huggingface.co/gpt2/blob/main/config.json", "hf:gpt2@main/config.json"),
        ("https://huggingface.co/datasets/org/name/tree/main", "hf:datasets/org/name"),
        ("http://127.0.0.1:8000/org/name", "hf:org/name"),
    ],
)
def test_pages(page: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8000/")
    assert str(sources.parse(page)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/org/name/resolve/main/w.bin",
        "https://huggingface.co/docs/hub",
        "https://huggingface.co/org/name/discussions/1",
        "https://example.org/org/name",
        "http://127.0.0.1:8000/org/name",
    ],
)
def test_no_pages(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert str(sources.parse(text)) == text


def test_page_of_a_folder() -> None:
    with pytest.raises(RefError, match="with --include 'onnx/'"):
        sources.parse("https://huggingface.co/org/name/tree/main/onnx")
