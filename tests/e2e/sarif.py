#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sarif.py FILE: checks that FILE is a SARIF 2.1.0 log, as far as filterbed writes one.

The schema below is our own: the objects that we use, with the properties that the standard requires of them, their types, and no others.
SARIF_SCHEMA=FILE also validates against the standard's schema, which is not ours to copy.
"""
import json
import os
import sys

import jsonschema


def obj(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def listof(items, **more):
    return dict({"type": "array", "items": items}, **more)


TEXT = {"type": "string", "minLength": 1}
MESSAGE = obj(["text"], text=TEXT)
BAG = {"type": "object", "additionalProperties": {"type": "string"}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
URI = {"type": "string", "pattern": r"^([A-Za-z0-9/._~-]|%[0-9A-F]{2}|file://)+$"}
PHYSICAL = obj(["artifactLocation"], artifactLocation=obj(["uri"], uri=URI, uriBaseId=TEXT),
               region=obj(["startLine"], startLine={"type": "integer", "minimum": 1}))
LOCATION = dict(obj([], physicalLocation=PHYSICAL, message=MESSAGE, logicalLocations=listof(obj(["name", "kind"], name=TEXT, kind=TEXT))),
                anyOf=[{"required": ["physicalLocation"]}, {"required": ["logicalLocations"]}])
FRAME = obj([], location=LOCATION, module=TEXT, threadId={"type": "integer"})
STACK = obj(["frames"], message=MESSAGE, frames=listof(FRAME))
RESULT = obj(["message", "ruleId", "ruleIndex", "level", "locations"], ruleId=TEXT, ruleIndex={"type": "integer", "minimum": 0},
             level=LEVEL, message=MESSAGE, locations=listof(LOCATION), stacks=listof(STACK, uniqueItems=True),
             relatedLocations=listof(LOCATION), occurrenceCount={"type": "integer", "minimum": 1}, partialFingerprints=BAG, properties=BAG,
             suppressions=listof(obj(["kind"], kind={"enum": ["inSource", "external"]}, justification=TEXT)))
RULE = obj(["id"], id=TEXT, shortDescription=MESSAGE, help=MESSAGE, defaultConfiguration=obj([], level=LEVEL), properties=BAG)
RUN = obj(["tool", "results"], tool=obj(["driver"], driver=obj(["name"], name=TEXT, version=TEXT, rules=listof(RULE, uniqueItems=True))),
          columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]}, invocations=listof(obj(["executionSuccessful"],
          executionSuccessful={"type": "boolean"})), results=listof(RESULT),
          originalUriBaseIds={"type": "object", "additionalProperties": obj(["uri"], uri=dict(URI, pattern=r"^file:///.*/$|^file:///$"))})
LOG = dict(obj(["version", "runs"], version={"const": "2.1.0"}, runs=listof(RUN)), additionalProperties=False)
LOG["properties"]["$schema"] = TEXT

log = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(LOG)
jsonschema.validate(log, LOG, cls=jsonschema.Draft7Validator)
for run in log["runs"]:
    rules = run["tool"]["driver"]["rules"]
    bases = run.get("originalUriBaseIds", {})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"], result
        for place in result["locations"]:
            base = place.get("physicalLocation", {}).get("artifactLocation", {}).get("uriBaseId")
            assert base is None or base in bases, place
if os.environ.get("SARIF_SCHEMA"):
    jsonschema.validate(log, json.load(open(os.environ["SARIF_SCHEMA"], encoding="utf-8")))
