import { resolve } from 'node:path'
import chalk from 'chalk'
import { Command } from 'commander'
import ora from 'ora'
import type { EndpointCheck } from '../../../workers/check-endpoint.ts'
import type { Fleet } from '../../../workers/fleet/fleet.ts'
import { loadProcessEnvironment } from '../../config.ts'
import { formatTable } from '../format-table.ts'
import { openOutput, printJson } from '../session.ts'

type Options = { deep?: boolean }

/** `pentimento fleet check`: an operator's look at a fleet file and at every server it lists, past the API. */
export function fleetCheckCommand(): Command {
  return new Command('check')
    .description('read a fleet file and ask every server it lists')
    .argument('<file>', 'the fleet file')
    .option('--deep', 'also ask each for one edit or critique of 64 x 64 pixels; hosted ones take money for it')
    .addHelpText('after', '\nEnds with 1 when anything is wrong with the file or with a server.')
    .action(async (file: string, { deep = false }: Options, command: Command) => {
      const { isJson } = openOutput(command)
      const { loadFleet, FleetFileError } = await import('../../../workers/fleet/fleet-file.ts')
      let fleet: Fleet
      try {
        fleet = loadFleet(resolve(file), loadProcessEnvironment())
      } catch (error) {
        if (!(error instanceof FleetFileError)) throw error
        printProblems(file, error.problems, { isJson })
        process.exitCode = 1
        return
      }
      const checks = await checkFleet(fleet, { isDeep: deep })
      if (isJson) for (const check of checks) printJson({ __typename: 'EndpointCheck', ...check })
      else printChecks(checks, { isDeep: deep })
      if (checks.some(check => check.problem !== null)) process.exitCode = 1
    })
}

function printProblems(file: string, problems: readonly string[], { isJson }: { isJson: boolean }): void {
  if (isJson) {
    for (const problem of problems) {
      const [, line, message] = /^(\d+): (.*)$/s.exec(problem) ?? []
      printJson({ __typename: 'FleetFileProblem', line: Number(line), message })
    }
    return
  }
  for (const problem of problems) console.log(`${chalk.red('✖')} ${file}:${problem}`)
  const count = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`
  console.log(`\nThe fleet file has ${count}; no server was asked.`)
}

async function checkFleet(fleet: Fleet, { isDeep }: { isDeep: boolean }): Promise<EndpointCheck[]> {
  const [{ checkEndpoint }, { makeHttpClient }, { makeBuiltinEngines }] = await Promise.all([
    import('../../../workers/check-endpoint.ts'),
    import('../../../workers/engines/http.ts'),
    import('../../../workers/engines/builtin-engines.ts'),
  ])
  const http = makeHttpClient()
  const builtin = makeBuiltinEngines()
  const endpoints = fleet.models.flatMap(model => {
    const urls = model.settings.engine === 'builtin' ? [null] : model.urls
    return urls.map(url => ({ model, url, isDeep }))
  })
  let done = 0
  const text = () => `${done} of ${endpoints.length} endpoints have answered`
  const spinner = ora({ text: text(), discardStdin: false, isSilent: !process.stderr.isTTY }).start()
  try {
    const { signal } = new AbortController()
    return await Promise.all(
      endpoints.map(async endpoint => {
        const check = await checkEndpoint({ http, builtin }, endpoint, signal)
        done++
        spinner.text = text()
        return check
      }),
    )
  } finally {
    spinner.stop()
    await Promise.all([http.close(), builtin.close()])
  }
}

function printChecks(checks: readonly EndpointCheck[], { isDeep }: { isDeep: boolean }): void {
  const head = ['MODEL', 'URL', 'REACHABLE', 'SERVES', 'LATENCY', ...(isDeep ? ['CALL'] : [])]
  const rows = checks.map(check => [
    check.model,
    check.url ?? chalk.dim('in the worker'),
    check.isReachable ? chalk.green('yes') : chalk.red('no'),
    toServed(check),
    check.latencyMs === null ? '-' : `${check.latencyMs} ms`,
    ...(isDeep ? [check.callSeconds === null ? '-' : `${check.callSeconds.toFixed(1)} s`] : []),
  ])
  console.log(formatTable({ head, rows, flexible: 1 }))
  const wrong = checks.filter(check => check.problem !== null)
  if (wrong.length > 0) console.log('')
  for (const { model, url, problem } of wrong) {
    console.log(`${chalk.red('✖')} ${model}${url === null ? '' : ` at ${url}`}: ${problem}`)
  }
  const good = checks.length - wrong.length
  const mark = wrong.length === 0 ? chalk.green('✔') : chalk.red('✖')
  console.log(
    `\n${mark} ${good} of ${checks.length} ${checks.length === 1 ? 'endpoint is' : 'endpoints are'} in order.`,
  )
}

function toServed({ serves }: EndpointCheck): string {
  if (serves === null || serves.length === 0) return '-'
  return serves.length === 1 ? (serves[0] ?? '-') : `${serves[0]} and ${serves.length - 1} more`
}
