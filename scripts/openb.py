#!/usr/bin/env python3
"""Writes two files of plain manifests: 1,000 nodes and 7,064 pods (cpu, memory, GPU counts).

  scripts/openb.py FOLDER        FOLDER/nodes.yaml, FOLDER/pods.yaml
  jobsim run FOLDER/nodes.yaml FOLDER/pods.yaml --out none -o none --trace none

The numbers have the shape of the comparison that k8s-sims published of simulators of the Kubernetes scheduler: mostly
small pods, a few with a GPU or with most of a node's. They are drawn from a fixed seed, so the files are always the same.
"""
import os
import random
import sys

NODES, PODS = 1000, 7064
KINDS = [(32, 128, 0), (64, 256, 0), (64, 256, 2), (96, 384, 8), (128, 768, 8)]


def node(number, random):
    cpu, memory, gpus = random.choices(KINDS, [4, 2, 2, 1, 1])[0]
    gpu = f", nvidia.com/gpu: '{gpus}'" if gpus else ""
    amounts = f"{{cpu: '{cpu}', memory: {memory}Gi, pods: '110'{gpu}}}"
    return f"""apiVersion: v1
kind: Node
metadata:
  name: node-{number:04}
  labels:
    kubernetes.io/hostname: node-{number:04}
    topology.kubernetes.io/zone: zone-{number % 3}
status:
  capacity: {amounts}
  allocatable: {amounts}
  conditions:
  - {{type: Ready, status: 'True'}}
"""


def pod(number, random):
    cpu = random.choice([500, 1000, 2000, 4000, 4000, 8000, 16000])
    memory = cpu * random.choice([1, 2, 4]) // 1000 or 1
    gpus = random.choices([0, 1, 2, 8], [80, 16, 3, 1])[0]
    gpu = f"\n        nvidia.com/gpu: {gpus}" if gpus else ""
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: pod-{number:05}
  labels:
    app: app-{number % 50}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: registry.example/app:{number % 50}
    resources:
      requests:
        cpu: {cpu}m
        memory: {memory}Gi{gpu}
      limits:
        cpu: {cpu}m
        memory: {memory}Gi{gpu}
"""


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    os.makedirs(folder, exist_ok=True)
    draw = random.Random(7064)
    for name, count, make in (("nodes", NODES, node), ("pods", PODS, pod)):
        with open(os.path.join(folder, name + ".yaml"), "w") as file:
            file.write("---\n".join(make(number, draw) for number in range(count)))


if __name__ == "__main__":
    main()
