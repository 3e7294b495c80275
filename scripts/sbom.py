#!/usr/bin/env python3
"""Writes what jobsim is built of as a CycloneDX 1.6 document (JSON), to standard output.

  scripts/sbom.py [--target TRIPLE] > jobsim.cdx.json

It lists the packages that Cargo.lock fixes for a target (default: the one of this machine) and that are linked into the
program or run while it is built; tests and benches are left out. The same lock file gives the same bytes: the document has
no date, and its serial number is made of its content. Needs Python 3.9 and cargo, nothing else.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def host():
    return re.search(r"^host: (.+)$", run("rustc", "-vV"), re.M).group(1)


def checksums():
    """SHA-256 of each package's archive, by name and version, as Cargo.lock has them."""
    found, entry = {}, {}
    with open(os.path.join(ROOT, "Cargo.lock"), encoding="utf-8") as lock:
        for line in lock:
            if line.startswith("[[package]]"):
                entry = {}
            field = re.match(r'(name|version|checksum) = "(.+)"', line)
            if field:
                entry[field.group(1)] = field.group(2)
            if "checksum" in entry:
                found[entry["name"], entry["version"]] = entry["checksum"]
    return found


def reached(metadata):
    """Ids of the packages that the program needs, and for each those that it needs in turn."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    edges, todo = {}, [metadata["resolve"]["root"]]
    while todo:
        package = todo.pop()
        if package in edges:
            continue
        needed = [dep["pkg"] for dep in nodes[package]["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
        edges[package] = sorted(needed)
        todo.extend(needed)
    return edges


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def licence(package):
    expression = package.get("license")
    return [{"expression": expression.replace("/", " OR ")}] if expression else []


def component(package, kind, sums):
    made = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "licenses": licence(package),
        "purl": purl(package),
    }
    if package.get("description"):
        made["description"] = " ".join(package["description"].split())
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def document(target):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(run(*command))
    packages = {package["id"]: package for package in metadata["packages"]}
    edges, sums, root = reached(metadata), checksums(), metadata["resolve"]["root"]
    by_name = sorted(edges, key=lambda key: (packages[key]["name"], packages[key]["version"]))
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(packages[root], "application", sums),
            "properties": [{"name": "jobsim:target", "value": target}],
        },
        "components": [component(packages[key], "library", sums) for key in by_name if key != root],
        "dependencies": [
            {"ref": purl(packages[key]), "dependsOn": sorted(purl(packages[needed]) for needed in edges[key])}
            for key in by_name
        ],
    }
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).digest()
    made["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=5)}"
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default=None, help="target triple [default: of this machine]")
    target = parser.parse_args().target or host()
    json.dump(document(target), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
