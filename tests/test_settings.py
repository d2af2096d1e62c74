import pytest

from facefix.errors import SettingsError
from facefix.settings import Settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"strength": 1.5}, "--strength 1.5: must lie between 0 and 1"),
        ({"only": ("warp", "melt")}, "--only melt: choose from warp, drift, flicker, waxy, collapsed"),
        ({"restorer": "magic"}, "--restorer magic: choose from auto, none"),
        ({"generator": "klingon"}, "--generator klingon: choose from auto, none, kling, sora, runway, pika, wan, veo, hailuo"),
        ({"device": "gpu"}, "--device gpu"),
        ({"device": "cuda:0,cpu"}, "several as cuda:0,cuda:1"),
        ({"device": "cuda:0,cuda:0"}, "names a device twice"),
        ({"crf": 70}, "--crf 70"),
        ({"range": "9-1"}, "--range 9-1"),
        ({"scale": 3}, "--scale 3: choose from 1, 2, 4."),
        ({"scale": 2, "upscaler": "magic"}, "--upscaler magic: choose from auto, realesrgan, general, anime, "),
        ({"upscaler": "lanczos"}, "--upscaler lanczos: enlarges nothing without --scale 2 or --scale 4."),
    ],
)
def test_wrong_values_are_refused_with_the_flag_in_the_sentence(wrong: dict, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**wrong)
    assert said in str(caught.value)
