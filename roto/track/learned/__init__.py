"""The learned propagator: small networks of our own that read flow, colours and the keyframes together."""
