"""Training of the propagator's networks on rendered clips: ``python -m weights.train.train``."""
