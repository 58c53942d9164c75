"""Dense optical flow between neighbouring frames, warping along it, and scene cuts."""
