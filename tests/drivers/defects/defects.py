#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""defects.py FILTERBED WORK [NAME...]: builds and runs each defect; every line that says "expect: K-nn" must be named by a finding with
that code, and no finding may have another code."""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INF = """[Version]
Signature = "$Windows NT$"
[DefaultInstall.NTamd64]
OptionDesc = "{0}"
[DefaultInstall.NTamd64.Services]
AddService = {0},,Service
[Service]
ServiceType = 2
StartType = 3
ErrorControl = 1
ServiceBinary = %12%\\{0}.sys
AddReg = Registry
[Registry]
HKR,"Instances","DefaultInstance",0,"{0} instance"
HKR,"Instances\\{0} instance","Altitude",0,"{1}"
HKR,"Instances\\{0} instance","Flags",0x00010001,0
"""


def lines_named(finding):
    """Lines of the defect: of the innermost frame of the driver in each stack the finding has."""
    stacks = [finding.get("stack"), finding.get("acquired"), finding.get("acquire"), finding.get("allocated")]
    stacks += [r.get("stack") for r in finding.get("related") or [] if isinstance(r, dict)]
    for stack in stacks:
        frames = [f for f in stack or [] if f.get("driver")]
        # the shared header's helpers (New) stand for the line that calls them
        frames = [f for f in frames if not (f.get("file") or "").endswith(("defect.h", "legacy.h"))]
        if frames:
            yield frames[0].get("line")


def prepare(directory, name, source, altitude):
    os.makedirs(directory)
    shutil.copy(source, directory)
    legacy = '#include "legacy.h"' in open(source, encoding="utf-8").read()
    shutil.copy(os.path.join(HERE, "legacy.h" if legacy else "defect.h"), directory)
    with open(os.path.join(directory, name + ".inf"), "w", encoding="utf-8") as file:
        file.write(INF.format(name, altitude))
    return ["-f", directory] + (["--load-order", "mount," + name] if legacy else [])


def run(filterbed, work, source):
    name = os.path.basename(source)[:-2]
    text = open(source, encoding="utf-8").read()
    if "/* unsanitized */" in text and os.environ.get("SANITIZE"):
        return name, None
    directory = os.path.join(work, name)
    filters = prepare(directory, name, source, 370088)
    for beside in re.findall(r"^/\* beside: (.*) \*/$", text, re.M):
        filters += prepare(os.path.join(directory, "beside"), beside, os.path.join(HERE, "beside", beside + ".c"), 370087)
    script = re.findall(r"^/\* script: (.*) \*/$", text, re.M)
    with open(os.path.join(directory, "script"), "w", encoding="utf-8") as file:
        file.write("\n".join(script) + "\n")
    expected = [(n, code) for n, line in enumerate(text.split("\n"), 1) for code in re.findall(r"/\* expect: ([A-Z]+-\d\d) \*/", line)]
    codes = {code for _, code in expected} | set(re.findall(r"^/\* expect-code: ([A-Z]+-\d\d) \*/$", text, re.M))
    report = os.path.join(directory, "report.json")
    done = subprocess.run([filterbed, "run"] + filters + ["--memory", "--watchdog=1", "--report", "json:" + report, "--script",
                           os.path.join(directory, "script")], capture_output=True, text=True, errors="replace", timeout=120, check=False)
    if not os.path.exists(report):
        return name, [f"no report, exit status {done.returncode}\n{done.stderr}"]
    with open(report, encoding="utf-8") as file:
        findings = json.load(file)["findings"]
    wrong = []
    for n, code in expected:
        if not any(f["code"] == code and n in lines_named(f) for f in findings):
            wrong.append(f"{code} does not name line {n}")
    for code in codes - {f["code"] for f in findings}:
        wrong.append(f"no {code}")
    for f in findings:
        waits = f["rule"] in ("F-19", "G-08") and codes & {"K-01", "K-09", "K-10", "K-14"}   # the unload that waits for what is leaked
        if f["code"] not in codes and not waits:
            wrong.append(f"{f['code']} besides, line {sorted(set(lines_named(f)))}: {f['text']}")
    if wrong:
        wrong.append(done.stderr)
    return name, wrong


def main():
    filterbed, work, *names = sys.argv[1:]
    sources = sorted(glob.glob(os.path.join(HERE, "*.c")))
    sources = [s for s in sources if not names or os.path.basename(s)[:-2] in names]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, wrong in pool.map(lambda s: run(filterbed, work, s), sources):
            print(f"{'SKIP' if wrong is None else 'FAIL' if wrong else 'ok  '} {name}")
            for line in wrong or []:
                print("    " + line.replace("\n", "\n    "))
            failed += bool(wrong)
    print(f"{len(sources)} defects, {failed} not found as expected")
    return 1 if failed or not sources else 0


sys.exit(main())
