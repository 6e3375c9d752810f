import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { client } from '../../client.ts'
import { Button } from '../../ui/button.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Tries the publication of an approved post again. */
export function RetryPublication({ submissionId }: { submissionId: string }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const retry = useMutation({
    mutationFn: () => client.retryPublication(submissionId),
    onSuccess: async () => {
      toast({ look: 'ok', title: 'Trying to publish again', postId: submissionId })
      await queryClient.invalidateQueries()
    },
    onError: (error) => toast({ look: 'bad', title: 'It was not retried', detail: error.message }),
  })
  return (
    <Button icon="retry" busy={retry.isPending} onClick={() => retry.mutate()}>
      Retry publication
    </Button>
  )
}

/** Runs a failed run again from the step that failed, and goes to see it. */
export function RetryRun({ runId }: { runId: string }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const retry = useMutation({
    mutationFn: () => client.retryRun(runId),
    onSuccess: async (answer) => {
      toast({ look: 'ok', title: 'Running again from the step that failed' })
      await queryClient.invalidateQueries()
      await navigate({ to: '/runs/$id', params: { id: answer.runId } })
    },
    onError: (error) => toast({ look: 'bad', title: 'It was not retried', detail: error.message }),
  })
  return (
    <Button icon="retry" busy={retry.isPending} onClick={() => retry.mutate()}>
      Retry
    </Button>
  )
}
