"""How far a head that flickers is shaken out of its place, told by what lies around the face.

Features that boil land a little elsewhere in every frame, and on the mean over a face that is a shake of the whole: its mesh
shifts, grows and turns by half a percent of the eye distance, as heads that move do by themselves. Hair, ears and neck are
shaken by the one and not by the other. `evidence` lays frames close to one another in time on each other by their meshes and
asks by optical flow how far what lies around the face then lies apart; `network` says which places to believe, and so how
differently the two are shaken and how surely; `solving` finds what every frame is shaken by from what many pairs say; `places`
is the arithmetic of it; `reading` the way in: numpy in, numpy out.
"""

MODES = ("flicker",)
"""Faults that shake heads."""
LAGS = (1, 2, 4)
"""Frames between two that are compared."""
