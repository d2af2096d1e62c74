"""Puts the weights trained in this project, which lie in `models/`, into the wheel as `facefix/weights/`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithWeights(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # a checkout finds them in `models/`
        target = Path(self.build_lib) / "facefix" / "weights"
        target.mkdir(parents=True, exist_ok=True)
        for path in Path("models").glob("*.safetensors"):
            shutil.copy2(path, target)


setup(cmdclass={"build_py": BuildWithWeights})
