"""Many shots: a manifest or documents to tasks, tasks to workers, here or elsewhere, and what they say of the night."""
