"""Before numpy is imported."""

import os

# As `pipeline.equipped` has it: threads that share out small matrices, and wait for more, take most of the cores' time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
