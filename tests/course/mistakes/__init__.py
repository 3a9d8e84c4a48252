"""One module for each problem set: `MISTAKES`, see exercises/AUTHORING.md."""
