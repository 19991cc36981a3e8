"""Krita's own importer of Python plugins (Tools > Scripts > Import Python Plugin from File)."""

import importlib.util
import threading

from plugin_importer.plugin_importer import PluginImporter


def import_zip(path, resources):
    """Names of the plugins that it found in the zip and put into the resource folder."""
    importer = PluginImporter(path, resources, lambda _: True)
    return [plugin["name"] for plugin in importer.import_all()]


def ways_to_the_backend():
    """Whether Krita's Python has pyzmq, and whether the backend's Python passes messages on instead."""
    bridge = any(thread.name == "bridge" for thread in threading.enumerate())
    return {"pyzmq": importlib.util.find_spec("zmq") is not None, "bridge": bridge}


def where_from():
    """Files that the running plugin and its shared package came from."""
    import keycel_plugin
    import keycel_shared

    return [keycel_plugin.__file__, keycel_shared.__file__]
