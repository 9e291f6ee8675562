"""What a path means: a file, a glob, a folder."""

from pathlib import Path

import pytest

from collectors.places import list_places, opened, revision_of

SUFFIXES = (".csv", ".csv.gz")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ["b.csv", "a/1.csv.gz", "a/deep/2.CSV", "a/notes.txt", "a/_SUCCESS.csv", ".git/x.csv", "a/.tmp/3.csv"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("b.csv", ["b.csv"]),
        ("a/notes.txt", ["a/notes.txt"]),
        ("*.csv", ["b.csv"]),
        ("**/*.csv", ["a/_SUCCESS.csv", "b.csv"]),
        ("a/*", ["a/1.csv.gz", "a/_SUCCESS.csv", "a/notes.txt"]),
        (".", ["a/1.csv.gz", "a/deep/2.CSV", "b.csv"]),
        ("a", ["a/1.csv.gz", "a/deep/2.CSV"]),
        ("a/", ["a/1.csv.gz", "a/deep/2.CSV"]),
        ("nowhere", []),
        ("nowhere/*.csv", []),
    ],
)
def test_a_path_stands_for_its_files_by_name(path: str, names: list[str], folder: Path) -> None:
    assert [place.name for place in list_places(path, folder, SUFFIXES)] == names


def test_a_place_outside_the_configurations_folder_has_its_whole_name(folder: Path) -> None:
    [place] = list_places("../b.csv", folder / "a", SUFFIXES)
    assert place.name.endswith("/b.csv")
    [absolute] = list_places(str(folder / "b.csv"), folder / "a", SUFFIXES)
    assert absolute.name == str(folder / "b.csv")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    (folder / "bill[1].csv").write_text("x")
    assert [place.name for place in list_places("bill[1].csv", folder, SUFFIXES)] == ["bill[1].csv"]


def test_a_local_file_is_opened_where_it_lies(folder: Path) -> None:
    [place] = list_places("b.csv", folder, SUFFIXES)
    with opened(place) as path:
        assert path == folder / "b.csv"


def test_the_revision_is_of_names_sizes_and_times(folder: Path) -> None:
    before = revision_of(list_places(".", folder, SUFFIXES))
    (folder / "b.csv").rename(folder / "c.csv")
    after = revision_of(list_places(".", folder, SUFFIXES))
    assert before != after
    assert len(after) == 64
