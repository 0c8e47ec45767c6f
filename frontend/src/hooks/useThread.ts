import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client, unwrap } from "@/api/client";
import type { Assignment, Conversation, ThreadTurn } from "@/api/types";

import { assignmentQuery } from "./useWork";

/** The turns of a path by their ids; the server keeps every turn there ever was. */
type Path = readonly number[];

const pathOf = ({ messages }: Conversation): Path => messages.map(({ id }) => id);

/** Writes the whole wanted thread: turns that stay by id, new and changed ones in full. */
function useSaveThread(assignment: number) {
  return useMutation({
    mutationFn: (body: { version: number; turns: ThreadTurn[] }) =>
      unwrap(
        client.PUT("/api/v1/assignments/{assignment_id}/thread/", {
          params: { path: { assignment_id: assignment } },
          body,
        }),
      ),
  });
}

/** The conversation being written, or fixed in review, the one way to change it, and the way back. */
export function useThread(assignment: Assignment, initial: Conversation) {
  const cache = useQueryClient();
  const save = useSaveThread(assignment.id);
  const [conversation, setConversation] = useState(initial);
  const [past, setPast] = useState<readonly Path[]>([]);
  const [future, setFuture] = useState<readonly Path[]>([]);

  const show = (next: Conversation) => {
    setConversation(next);
    cache.setQueryData(assignmentQuery(assignment.id).queryKey, (cached) =>
      cached === undefined ? cached : { ...cached, conversation: next },
    );
  };
  const put = async (turns: ThreadTurn[]): Promise<Conversation> => {
    const next = await save.mutateAsync({ version: conversation.version, turns });
    show(next);
    return next;
  };
  const write = async (turns: ThreadTurn[]): Promise<Conversation> => {
    const before = pathOf(conversation);
    const next = await put(turns);
    setPast([...past, before]);
    setFuture([]);
    return next;
  };
  const goTo = async (path: Path | undefined): Promise<boolean> => {
    if (path === undefined) return false;
    await put(path.map((id) => ({ id })));
    return true;
  };
  return {
    conversation,
    write,
    canUndo: past.length > 0,
    canRedo: future.length > 0,
    undo: async () => {
      const here = pathOf(conversation);
      if (!(await goTo(past.at(-1)))) return;
      setPast(past.slice(0, -1));
      setFuture([here, ...future]);
    },
    redo: async () => {
      const here = pathOf(conversation);
      if (!(await goTo(future[0]))) return;
      setFuture(future.slice(1));
      setPast([...past, here]);
    },
    /** Takes the version that another tab saved; what can be undone here ends with it. */
    load: async () => {
      const fresh = await cache.query({
        ...assignmentQuery(assignment.id),
        staleTime: 0,
      });
      if (fresh.conversation !== null) show(fresh.conversation);
      setPast([]);
      setFuture([]);
      save.reset();
    },
    writing: save.isPending,
    error: save.error,
  };
}
