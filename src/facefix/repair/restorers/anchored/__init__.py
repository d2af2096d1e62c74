"""Our own restorer: a damaged face crop is put right by up to three good pictures of the same person.

`repair.placing` warps each anchor onto the mesh measured in the damaged crop and tells where the anchors' own shape would
put the features; `network` decides, pixel by pixel, what moves, what is copied and what is left alone; `restoring` is the way
in: numpy in, numpy out. Meshes come from the caller: this package does not know how they are measured.
"""

from facefix.repair.restorers.anchored.restoring import ANCHORS, AnchoredRestorer

__all__ = ["ANCHORS", "AnchoredRestorer"]
