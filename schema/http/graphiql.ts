import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** What GraphiQL opens with: each is complete, and runs once the ids in its variables are real ones. */
export const examples: { name: string; query: string; variables: Record<string, unknown> }[] = [
  {
    name: 'Models',
    query: `# What the fleet serves. Press the play button.
query Models {
  models {
    id
    kinds
    isAvailable
    capacity
    inFlight
    queued
  }
  viewer {
    tenant
    role
    queuedJobs
    runningJobs
  }
}
`,
    variables: {},
  },
  {
    name: 'StartEdit',
    query: `# Starts an edit of an image that is stored already. To store one, send it as a multipart request:
#
#   curl SERVER/graphql \\
#     -F operations='{"query":"mutation ($file: File!) { uploadImage(file: $file) { ... on UploadImageSuccess { image { id } } ... on Error { message } } }","variables":{"file":null}}' \\
#     -F map='{"0":["variables.file"]}' -F 0=@photo.jpg
#
# Then put its id into the variables below. Where keys are asked for, add {"authorization": "Bearer YOUR_KEY"} to Headers.
mutation StartEdit($sourceId: ID!, $instruction: String!) {
  startEdit(input: { sourceId: $sourceId, instruction: $instruction, settings: { maxRounds: 5 } }) {
    ... on StartEditSuccess {
      job {
        id
        status
        editor {
          id
        }
        thinker {
          id
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { sourceId: 'the id of an Image', instruction: 'Make it brighter and much warmer' },
  },
  {
    name: 'StartGeneration',
    query: `# Makes a picture from words alone, where the fleet serves a model that generates.
mutation StartGeneration($instruction: String!, $size: SizeInput) {
  startGeneration(input: { instruction: $instruction, size: $size }) {
    ... on StartGenerationSuccess {
      job {
        id
        status
        editor {
          id
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { instruction: 'A red fox in the snow', size: { width: 1024, height: 1024 } },
  },
  {
    name: 'StartFill',
    query: `# Repaints what a mask marks in white, where the fleet serves a model that fills. The mask is as large as the source.
mutation StartFill($sourceId: ID!, $maskId: ID!, $instruction: String!) {
  startFill(input: { sourceId: $sourceId, maskId: $maskId, instruction: $instruction }) {
    ... on StartFillSuccess {
      job {
        id
        status
        editor {
          id
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { sourceId: 'the id of an Image', maskId: 'the id of its mask', instruction: 'A red boat' },
  },
  {
    name: 'Watch',
    query: `# Every event of a job: first those that were, then live, until it ends.
subscription Watch($jobId: ID!) {
  jobEvents(jobId: $jobId) {
    __typename
    seq
    at
    ... on RoundStarted {
      round {
        index
        prompt
      }
    }
    ... on RoundEdited {
      round {
        index
        image {
          url
        }
      }
    }
    ... on RoundCritiqued {
      round {
        index
      }
      critique {
        semantic
        quality
        overall
        reasoning
        refinedPrompt
      }
    }
    ... on JobFinished {
      status
      stopReason
    }
  }
}
`,
    variables: { jobId: 'the id of a Job' },
  },
  {
    name: 'Jobs',
    query: `# The newest jobs with all their rounds.
query Jobs($first: Int!) {
  jobs(first: $first) {
    edges {
      node {
        id
        status
        stopReason
        instruction
        source {
          id
          url(width: 512)
        }
        rounds {
          index
          candidate
          prompt
          seed
          isBest
          image {
            url(width: 512)
          }
          critique {
            semantic
            quality
            overall
            reasoning
          }
        }
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
`,
    variables: { first: 10 },
  },
]

// Nothing leaves the page but requests to us; pictures may lie in an object store. GraphiQL needs eval for its editor.
const POLICY = [
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
  "connect-src 'self'",
  'img-src * blob: data:',
  'worker-src blob:',
  "frame-ancestors 'none'",
].join('; ')

/** Whether a browser asks for a page. */
export function isPageRequest(req: IncomingMessage): boolean {
  return req.method === 'GET' && Boolean(req.headers.accept?.includes('text/html'))
}

/** Sends GraphiQL: one page that loads nothing from elsewhere. It is rendered at the first request, which takes a while. */
export function makeGraphiqlHandler(publicUrl: string) {
  let page: Promise<{ zipped: Buffer; etag: string }> | undefined
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    page ??= render(publicUrl)
    const { zipped, etag } = await page
    res.setHeader('cache-control', 'no-cache')
    res.setHeader('etag', etag)
    if (req.headers['if-none-match'] === etag) return void res.writeHead(304).end()
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-length': zipped.length,
      'content-security-policy': POLICY,
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    res.end(zipped)
  }
}

async function render(publicUrl: string): Promise<{ zipped: Buffer; etag: string }> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql') // 9 MB that most processes never show
  const html = renderGraphiQL({
    title: 'Pentimento',
    subscriptionsProtocol: 'SSE',
    defaultTabs: examples.map(({ query, variables }) => ({
      query: query.replace('SERVER', publicUrl),
      variables: JSON.stringify(variables, null, 2),
    })),
    defaultEditorToolsVisibility: 'variables',
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  })
  const zipped = await promisify(gzip)(html)
  return { zipped, etag: `"${createHash('sha256').update(zipped).digest('base64url')}"` }
}
