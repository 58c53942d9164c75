"""WEIGHTS: the models' files: which there are, where they are kept, how they are brought and checked."""
