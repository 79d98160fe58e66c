#!/bin/bash
set -e
VERSION=${1:?usage: rollback.sh VERSION}
git checkout "$VERSION"
docker-compose up -d --build
