import { Command } from 'commander'
import { fleetCheckCommand } from './fleet-check.ts'
import { fleetStartCommand } from './fleet-start.ts'
import { fleetStatusCommand } from './fleet-status.ts'

/** `pentimento fleet check|start|status`. */
export function fleetCommand(): Command {
  return new Command('fleet')
    .description('check model servers, start them on this host, and see what the fleet does')
    .addCommand(fleetCheckCommand())
    .addCommand(fleetStartCommand())
    .addCommand(fleetStatusCommand())
}
