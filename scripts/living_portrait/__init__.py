"""A still portrait brought to life: the source of the clips under `samples/`.

`texture` cuts the picture into layers and gives the head a relief, `expression` blinks and talks,
`performance` says what happens when, `camera` draws a frame, `voice` makes the sound.

Coordinates are pixels (x, y) of the 512x512 portrait, the centre of the top-left pixel being (0, 0);
textures are `TEXTURE_SCALE` times finer.
"""
