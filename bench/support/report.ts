import { cpus, loadavg } from 'node:os'

/** A heading with what a reader needs to judge the figures below it: the machine and how busy it was. */
export function printTitle(title: string): void {
  const [load = 0] = loadavg()
  console.log(`\n${title}\n  (${cpus().length} CPUs, Node ${process.version}, load ${load.toFixed(1)})`)
}

/** One line of results. */
export function printRow(name: string, result: string): void {
  console.log(`  ${name.padEnd(18)} ${result}`)
}
