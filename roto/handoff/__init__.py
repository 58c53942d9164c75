"""HAND-OFF: plates and masks for a tool that invents pixels, and its answer put back; arrays in, arrays out.

A **window** is the box that a handed plate shows, in the source's pixels; it may reach beyond the picture. In its frame
live three things of one size: the plate, the **mask** (white: to change) and the **blend**, a matte that is 1 where the
answer replaces the source, falls softly to 0, and is 0 wherever the mask is black. A merge mixes by the blend alone:
what it leaves at 0 is the source's to the last bit.
"""
