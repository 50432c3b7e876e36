"""Prints the history of a `.wandb` file as JSON lines, by the official client's own messages."""

import json
import struct
import sys
import zlib

from wandb.proto import wandb_internal_pb2

with open(sys.argv[1], "rb") as file:
    data = file.read()
at, record = 7, b""
while at + 7 <= len(data):
    left = 32768 - at % 32768
    if left < 7:
        at += left
        continue
    checksum, length, kind = struct.unpack("<IHB", data[at : at + 7])
    chunk = data[at + 7 : at + 7 + length]
    assert zlib.crc32(bytes([kind]) + chunk) == checksum, at
    at += 7 + length
    record += chunk
    if kind in (1, 4):
        message = wandb_internal_pb2.Record()
        message.ParseFromString(record)
        record = b""
        if message.WhichOneof("record_type") == "history":
            items = message.history.item
            row = {item.nested_key[0]: json.loads(item.value_json) for item in items}
            print(json.dumps({name: repr(value) for name, value in row.items()}))
