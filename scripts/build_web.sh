#!/usr/bin/env bash
# Builds the browser library and the softphone page into acs/web/dist, when a source is newer than what is there.
set -euo pipefail
cd "$(dirname "$0")/.."

web=acs/web
if [ -f $web/dist/index.html ] &&
   [ -z "$(find $web proto/edge.proto -newer $web/dist/index.html -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/src/gen/*' -print -quit)" ]; then
  exit 0
fi
scripts/setup.sh web
echo "web: building $web/dist"
(cd $web && npm run --silent build)
touch $web/dist/index.html
