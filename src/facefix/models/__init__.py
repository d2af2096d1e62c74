"""The model zoo: which weights exist, where they lie, whether they are the published ones, and how to read them.

`zoo` is the table and the search, `ncnn` reads one weight format, `basicsr_adapter` makes a vendored package
importable, `networks` puts the three together into torch modules that are ready to run. Nothing here downloads.
"""
