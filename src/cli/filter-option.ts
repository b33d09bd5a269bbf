import { Option } from 'commander'
import { parseObject } from './session.ts'

/** `--filter` of every command that chooses trajectories. */
export function filterOption(): Option {
  const text = `only trajectories that match, as a TrajectoryFilter of the API such as '{"gain":{"gte":1}}' (default: all)`
  return new Option('--filter <json>', text).argParser(parseObject)
}
