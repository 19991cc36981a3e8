"""Procedural cel shots with exact region identity, to train and measure region matching.

`generate_shot(seed)` (shot.py) draws a shot of nothing but code: a scene (scene.py) of actors - figures,
animals, props, flowers, effects - gives parts for every drawing; raster.py draws them with a depth buffer
into maps of surface, facet and depth; shading.py adds cel shadows; lines.py draws lines where the maps
change, in a style (style.py). A surface keeps its number through the shot: that is the identity.

    python -m keycel_backend.training.shots --sheet sheet.png --seed 0
    python -m keycel_backend.training.shots --statistics --count 40
    python -m keycel_backend.training.shots --clips FOLDER --seed 0 --count 50

Statistics of real drawings (statistics.py, `describe`) and of these shots lie in the same range; keep it so.
Drawing needs no GPU: shots do not depend on each other, so one process per core makes as many as training
takes.
"""
