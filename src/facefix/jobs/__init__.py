"""Many clips: a durable queue, folders, watch folders, engines. Stands above `pipeline`, as `cli` does."""
