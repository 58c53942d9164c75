"""Keys: mattes from what a picture shows, pixel by pixel: brightness, colour, a screen, a clean plate.

Every key is a pure function from a picture to a matte, with a frozen options dataclass. A **picture** is
display-referred RGB, ``H x W x 3``: uint8, uint16 (white is 65535) or float32 in [0, 1], see
:func:`roto.keying.picture.picture_of`.
"""
