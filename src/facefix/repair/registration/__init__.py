"""Where a straightened mesh lies wrong in its picture, told by the picture.

`evidence` lays sound frames on the mesh (`keys` says which) and asks by optical flow how far they would have to be moved;
`network` tells what of that is the mesh's mistake and what is damage; `registering` is the way in: numpy in, numpy out.
"""

MODES = ("collapsed", "warp")
"""Faults whose meshes come nearer to the truth by it (`models/registration.md`). Those of drifts and flickers come no nearer:
they are off by less than it can tell."""
