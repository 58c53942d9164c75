"""Smoothing of mattes along the motion."""
