"""DOCUMENT: one JSON file that holds everything a person decided about a shot, and diffs well in git.

    {
     "version": 2,
     "source": {
      "path": "plates/shot.####.exr",
      "rate": "24000/1001"
     },
     "range": [1001, 1090],
     "edge": [
      {
       "type": "feather",
       "px": 1.5
      }
     ],
     "exports": ["png"],
     "layers": [
      {
       "name": "dancer",
       "smooth": {
        "radius_frames": 3
       },
       "keyframes": [
        {
         "frame": 1001,
         "shapes": [
          {
           "type": "polygon",
           "points": [
            [812.5, 300],
            [1010, 322.25],
            [940, 780]
           ]
          },
          {
           "type": "ellipse",
           "center": [900, 420],
           "radii": [30, 18],
           "operation": "subtract"
          }
         ]
        },
        {
         "frame": 1090,
         "absent": true
        }
       ]
      }
     ]
    }

Only ``version`` and ``source.path`` must be there. ``track`` and ``smooth`` are the options of those stages; a layer
may set some of them for itself. ``edge`` lists the steps of the edge stage, in order; a layer may have its own. Paths
are relative to the document's folder. Positions are pixels from the picture's top left corner. The kinds of shapes are
in :mod:`roto.masks`, those of steps in :mod:`roto.edge`.
"""
