"""Where every part of a face is, in space: 478 points by a network of our own (`mesher`), from frame to frame (`follow`),
smoothed over a track (`smoothing`); what the points are (`topology`) and the areas they bound (`areas`)."""
