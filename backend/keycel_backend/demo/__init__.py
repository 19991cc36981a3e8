"""The bundled demo shot: a fox cub drawn by the project itself, with known true colours."""
