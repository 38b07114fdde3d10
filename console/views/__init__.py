"""Views: parse, ask ``console.access`` for the rows, call one verb, answer."""
