"""Prints what TensorBoard's own reader finds in a run's directory, as JSON."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

run = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
run.Reload()
found = {"scalars": {}, "texts": {}, "start": None, "end": None}
if len(sys.argv) > 2:
    # As the page of the plugin gets them.
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.pr_curve.pr_curves_plugin import PrCurvesPlugin

    multiplexer = EventMultiplexer({"run": sys.argv[1]}).Reload()
    provider = MultiplexerDataProvider(multiplexer, sys.argv[1])
    plugin = PrCurvesPlugin(TBContext(data_provider=provider, logdir=sys.argv[1]))
    tags = plugin.tags_impl(RequestContext(), "")
    found["curves"] = {
        tag: {**details, "entries": plugin.pr_curves_impl(RequestContext(), "", ["run"], tag)["run"]}
        for tag, details in tags["run"].items()
    }
for tag in run.Tags()["scalars"]:
    found["scalars"][tag] = [[e.wall_time, e.step, repr(e.value)] for e in run.Scalars(tag)]
for tag in run.Tags()["tensors"]:
    plugin = run.SummaryMetadata(tag).plugin_data
    if plugin.plugin_name == "text":
        found["texts"][tag] = [
            [e.step, e.tensor_proto.string_val[0].decode()] for e in run.Tensors(tag)
        ]
    elif tag == metadata.SESSION_START_INFO_TAG:
        start = metadata.parse_session_start_info_plugin_data(plugin.content)
        values = {name: getattr(v, v.WhichOneof("kind")) for name, v in start.hparams.items()}
        found["start"] = [start.group_name, start.start_time_secs, values]
    elif tag == metadata.SESSION_END_INFO_TAG:
        end = metadata.parse_session_end_info_plugin_data(plugin.content)
        found["end"] = [end.status, end.end_time_secs]
print(json.dumps(found))
