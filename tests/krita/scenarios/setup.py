"""The docker's setup page, pressed as an artist does."""

import time

from docker import dock, docker, model

from keycel_plugin.state.setup import Stage


def look(path=None):
    """What the page shows; a picture of the docker goes to `path`."""
    page, news = dock().setup_page, model().setup.news
    if path:
        docker().grab().save(path)
    shown = page.picture.pixmap() if news.picture is not None else None
    return {
        "stage": news.stage.value,
        "visible": page.isVisibleTo(dock()),
        "title": page.title.text(),
        "text": page.text.text(),
        "details": page.text.toolTip(),
        "steps": page.steps.text().splitlines(),
        "log": model().setup.log,
        "picture": [shown.width(), shown.height()] if shown is not None else None,
        "pages": dock().pages.isVisibleTo(dock()),
    }


def wait_for(stage, seconds=60):
    started = time.perf_counter()
    while model().setup.news.stage is not Stage(stage):
        if time.perf_counter() - started > seconds:
            raise TimeoutError(str(look()))
        yield 0.05
    yield 0.3
    return look()


def press(button, stage, seconds=60):
    """Click, and wait until the page has come so far."""
    getattr(dock().setup_page, f"{button}_button").click()
    yield from wait_for(stage, seconds)
    return look()


def wait_for_step(step, seconds=20):
    """Wait until the installer has begun a step."""
    started = time.perf_counter()
    while model().setup.news.current != step:
        if time.perf_counter() - started > seconds:
            raise TimeoutError(str(look()))
        yield 0.05
    yield 0.5
    return look()


def show_log():
    dock().setup_page.log.heading.setChecked(True)
    yield 0.3


def colors():
    """How many colours each of the test shot's three drawings has."""
    picture = model().setup.news.picture
    width, height = picture.width() // 3, picture.height()
    return [
        len({picture.pixel(left + x, y) for x in range(0, width, 5) for y in range(0, height, 5)})
        for left in (0, width, 2 * width)
    ]
