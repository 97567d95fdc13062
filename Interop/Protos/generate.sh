#!/bin/sh
# Makes Sources/CoreProtos/core.pb.swift of core.proto. Needs protoc (Debian: protobuf-compiler); the plugin is built
# from the swift-protobuf that Package.swift names, which takes some minutes the first time.
set -eu
cd "$(dirname "$0")/.."
swift build --product protoc-gen-swift
protoc --plugin="$(swift build --show-bin-path)/protoc-gen-swift" --proto_path=Protos \
    --swift_out=Sources/CoreProtos --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true \
    Protos/core.proto
