"""The model zoo: which weights exist, where they lie, whether they are the published ones, and how to read them.

`zoo` is the table and the search, `ncnn` and `checkpoints` read weight formats, `basicsr_adapter` makes vendored packages
importable, `networks` puts them together into torch modules that are ready to run. Only `fetching` downloads, and only when
`facefix models fetch` asks it to.
"""
