"""Every network, and what is done before and behind it, on a card that the CPU plays (`tests.card`): no card is needed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.card import OnCard, cards
from torch import nn

from facefix.diagnose.beside import reading as beside
from facefix.diagnose.looks import Looks
from facefix.diagnose.skin import reading as skin
from facefix.faces.detectors import retinaface
from facefix.faces.mesh.mesher import Mesher
from facefix.models import basicsr_adapter, batches, checkpoints, devices, graphs, networks, zoo
from facefix.repair.masks import parsenet
from facefix.repair.restorers import gfpgan
from facefix.repair.restorers.anchored import AnchoredRestorer
from facefix.repair.restorers.realesrgan import RealEsrgan as CropRedrawer
from facefix.repair.restorers.rounds import Rounds
from facefix.repair.restorers.unwaxing.restoring import UnwaxingRestorer
from facefix.types import Placed
from facefix.upscale.realesrgan import RealEsrgan
from facefix.upscale.tiling import Tiler

Arrays = list[np.ndarray]
RANDOM = np.random.default_rng(0).random((4, 64, 64, 3), np.float32)
AGAIN = 3
"""Calls: one before a pass is recorded, and two that replay it."""


@pytest.fixture
def unpublished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks whose weights are to be fetched have random ones, always the same, and those for 512 px are small."""

    def load(network: nn.Module, path: Path, what: str) -> nn.Module:
        random = torch.Generator().manual_seed(0)
        for parameter in network.parameters():
            size = 0.02 if parameter.dim() < 2 else parameter[0].numel() ** -0.5
            parameter.data.copy_(torch.randn(parameter.shape, generator=random) * size)
        for name, buffer in network.named_buffers():
            if "noise" in name:
                buffer.copy_(torch.randn(buffer.shape, generator=random))
        return network.eval().requires_grad_(False)

    def small() -> nn.Module:
        network = basicsr_adapter.imported("gfpgan.archs.gfpganv1_clean_arch").GFPGANv1Clean
        return network(
            out_size=64, num_style_feat=32, channel_multiplier=1, decoder_load_path=None, fix_decoder=False,
            num_mlp=2, input_is_latent=True, different_w=True, narrow=0.125, sft_half=True,
        )  # fmt: skip

    monkeypatch.setattr(checkpoints, "load", load)
    here = zoo.checked
    fetched = {retinaface.WEIGHTS, parsenet.WEIGHTS, gfpgan.WEIGHTS}
    monkeypatch.setattr(zoo, "checked", lambda name: Path(name) if name in fetched else here(name))
    monkeypatch.setattr(basicsr_adapter, "gfpgan", small)
    monkeypatch.setattr(gfpgan, "SIDE_PX", 64)
    monkeypatch.setattr(parsenet, "SIDE_PX", 128)


@pytest.fixture(autouse=True)
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the CPU gives, by which the card is judged, is not to hang on the machine; and passes are recorded soon."""
    monkeypatch.setattr(graphs, "_WARM", 1)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", torch.backends.cudnn.allow_tf32)


def meshes(device: str) -> Iterator[Arrays]:
    mesher = Mesher(device)
    five = np.array([[20, 25], [44, 25], [32, 36], [23, 46], [41, 46]], np.float32)
    found = mesher.meshes(list(RANDOM), np.stack([five] * 4))
    yield [found.points, found.confidence]


def skins(device: str) -> Iterator[Arrays]:
    reader, looks = skin.Reader(device), Looks(1)
    for crop in RANDOM[:3]:
        reader.look(looks, crop)
    yield [reader.read(looks)]


def smears(device: str) -> Iterator[Arrays]:
    reader, sights = beside.smear_reader(device), beside.Sights(1)
    for crop in RANDOM[:3]:
        reader.look(sights, crop, (0.0, 0.0))
    # The first and the last are held against each other.
    yield [reader.read(sights, 1.0)]


def drifts(device: str) -> Iterator[Arrays]:
    reader, sights = beside.drift_reader(device), beside.Sights(1)
    for crop in RANDOM[:4]:
        reader.look(sights, crop, (0.0, 0.0))
    # The last is held against those before.
    yield [reader.read(sights, 2.0)[3:]]


def anchored(device: str) -> Iterator[Arrays]:
    placed = Placed(RANDOM[3], np.full((64, 64), 0.7, np.float32))
    guides = np.random.default_rng(1).normal(size=(3, 8, 8, 2)).astype(np.float32)
    restored = AnchoredRestorer(device).restore(RANDOM[:3], [[placed], [], [placed, placed]], guides)
    yield [restored.pixels, restored.mask]


def unwaxed(device: str) -> Iterator[Arrays]:
    restorer = UnwaxingRestorer(device)
    for call in range(AGAIN):
        yield [restorer.restore(RANDOM[call % 2 : call % 2 + 2], 60.0)]


def redrawn(device: str) -> Iterator[Arrays]:
    yield [CropRedrawer(networks.load_upscaling("animevideov3", device)).restore(RANDOM[:2], 40.0)]


def enlarged(name: str) -> Callable[[str], Iterator[Arrays]]:
    def run(device: str) -> Iterator[Arrays]:
        upscaler = RealEsrgan(networks.load_upscaling(name, device))
        for scale in (2, 4):
            yield [upscaler.enlarge(RANDOM[:1, :24, :40], scale)]

    return run


def tiled(device: str) -> Iterator[Arrays]:
    """Where memory does not hold the picture."""
    upscaler = RealEsrgan(networks.load_upscaling("animevideov3", device))
    upscaler._tilers = {2: Tiler(upscaler._tilers[2]._forward, 2, overlap_px=18, most_px=50 * 50)}
    yield [upscaler.enlarge(RANDOM[:2], 2)]


def detected(device: str) -> Iterator[Arrays]:
    detector = retinaface.RetinaFace(device, threshold=0.5)
    pictures = [np.rint(255 * one).astype(np.uint8) for one in RANDOM[:2]]
    for faces in detector.detect(pictures, [0, 1]):
        assert faces
        yield [np.stack([np.append(face.box, face.score) for face in faces]), np.stack([face.points for face in faces])]


def parsed(device: str) -> Iterator[Arrays]:
    parser = parsenet.ParseNet(device)
    for call in range(AGAIN):
        yield [parser.shown([RANDOM[call % 2]])]


def drawn(device: str) -> Iterator[Arrays]:
    restorer = gfpgan.Gfpgan(device)
    for call in range(AGAIN):
        yield [restorer.restore(RANDOM[call % 2 : call % 2 + 2], 60.0)]


RECORDED = (unwaxed, parsed, drawn)
ALL = (
    meshes, skins, smears, drifts, anchored, unwaxed, redrawn, enlarged("animevideov3"), enlarged("x4plus-anime"), tiled,
    detected, parsed, drawn,
)  # fmt: skip


@pytest.mark.usefixtures("unpublished")
@pytest.mark.parametrize("run", ALL, ids=[run.__qualname__.partition(".")[0] for run in ALL])
def test_a_card_gives_what_the_cpu_gives(run: Callable[[str], Iterator[Arrays]], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = list(run("cpu"))
    with cards(monkeypatch, bfloat16=False) as made:
        found = list(run("cuda:1"))
    assert made.captures == int(run in RECORDED)
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("unpublished")
@pytest.mark.parametrize("run", ALL, ids=[run.__qualname__.partition(".")[0] for run in ALL])
def test_a_card_that_multiplies_bfloat16_comes_near(
    run: Callable[[str], Iterator[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(run("cpu"))
    with cards(monkeypatch) as made:
        found = list(run("cuda"))
    assert made.captures == int(run in RECORDED)
    assert_near(found, expected)


def assert_near(found: list[Arrays], expected: list[Arrays]) -> None:
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.shape == b.shape and a.dtype == b.dtype and np.isfinite(a).all()
            assert np.abs(a - b).mean() < 0.02 * max(1.0, float(np.abs(b).max()))


# Random weights find faces on the edge of being any: how many differs by a rounding.
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card is here")
@pytest.mark.usefixtures("unpublished")
@pytest.mark.parametrize("run", [run for run in ALL if run is not detected], ids=lambda run: run.__qualname__.partition(".")[0])
def test_a_real_card_comes_near(run: Callable[[str], Iterator[Arrays]], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "facefix.models.graphs")
    assert_near(list(run("cuda")), list(run("cpu")))
    assert "is not recorded" not in caplog.text


def test_what_a_thread_restores_on_a_second_card_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = UnwaxingRestorer("cpu").restore(RANDOM[:3], 60.0)
    with cards(monkeypatch, bfloat16=False):
        rounds = Rounds(UnwaxingRestorer("cuda:1"), 2)
        answers = [rounds.ask(crop, 60.0) for crop in RANDOM[:3]]
        for answer, wanted in zip(answers, expected, strict=True):
            np.testing.assert_allclose(answer(), wanted, atol=1e-5)


def test_the_card_that_is_played_refuses_what_a_card_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with cards(monkeypatch):
        here, there = torch.ones(2), torch.ones(2).to("cuda:1")
        assert isinstance(there, OnCard) and str((there + 1).device) == "cuda:1"
        for stranger in (here, here.to("cuda:0")):
            with pytest.raises(RuntimeError, match="same device"):
                there + stranger
        later = torch.empty(2, pin_memory=True)
        later.copy_(there, non_blocking=True)
        assert later.isnan().all(), "it has not arrived"
        torch.cuda.synchronize(1)
        assert later.tolist() == [1, 1]


def doubling(pictures: torch.Tensor) -> torch.Tensor:
    return 2 * pictures


def waiting(pictures: torch.Tensor) -> torch.Tensor:
    """Cannot be recorded: its factor is brought to the card anew in every pass."""
    return torch.tensor([2.0, 2.0]).to(pictures.device)[0] * pictures


def run_often(forward: Any, device: str, times: int = AGAIN) -> None:
    replayed = graphs.Replayed(forward)
    for number in range(times):
        given = torch.full((2, 3), float(number)).to(device)
        assert replayed(given).cpu().tolist() == [[2.0 * number] * 3] * 2


@pytest.mark.parametrize("forward", [doubling, waiting])
def test_a_recording_leaves_the_thread_where_it_was(forward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with cards(monkeypatch) as made:
        for device in ("cuda:1", "cuda:0"):
            before = made.current(), made.current_stream(device)
            run_often(forward, device)
            assert (made.current(), made.current_stream(device)) == before
        assert made.captures == 2 * int(forward is doubling) and not made.capturing


def test_threads_record_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    together, troubles = threading.Barrier(2, timeout=0.5), list[BaseException]()

    def meeting(pictures: torch.Tensor) -> torch.Tensor:
        if made.capturing:
            # It breaks where nobody else is at it.
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait()
        return 2 * pictures

    def work(device: str) -> None:
        try:
            run_often(meeting, device)
        except BaseException as error:
            troubles.append(error)

    with cards(monkeypatch) as made:
        threads = [threading.Thread(target=work, args=(device,)) for device in ("cuda:0", "cuda:1")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not troubles and made.captures == 2


def test_recordings_do_not_outlast_the_memory_that_ran_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds = [4]

    def forward(pictures: torch.Tensor) -> torch.Tensor:
        if len(pictures) > holds[0]:
            raise torch.OutOfMemoryError("tried to allocate too much")
        return 2 * pictures

    with cards(monkeypatch) as made:
        running = batches.Batches(forward, torch.device("cuda", 1), 4)
        pictures = [np.full((4, 6, 3), number, np.float32) for number in range(8)]
        for _ in range(2):
            answers = [float(one.mean()) for one in running.run(pictures)]
        assert made.captures == 1 and running._replayed is not None and running._replayed._records
        holds[0] = 2
        # A batch of another shape, for which there is no recording.
        answers = [float(one.mean()) for one in running.run([np.full((4, 8, 3), n, np.float32) for n in range(8)])]
        assert answers == [2.0 * n for n in range(8)] and running.size == 2
        assert all(key[0][0] <= 2 for key in running._replayed._records)


def test_a_card_computes_single_precision_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    devices._lacking.cache_clear()
    with cards(monkeypatch):
        devices.resolve("cuda:1")
    assert not torch.backends.cudnn.allow_tf32
