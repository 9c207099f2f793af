/** Who waits in this process for the end of a request, and is woken when something happens to it. Bounded: the rest poll. */

export interface RequestNews {
  /** Something happened to the request. */
  announce(id: string): void;
  /** A certificate with this serial is not good any more, or a token `token:id` is gone: who watches by it asks again. */
  announceLoss(credential: string): void;
  /** Begins to watch for who showed the credential; undefined when too many wait already, or when nobody is to wait any more. */
  watch(id: string, credential: string): RequestWatch | undefined;
  /** Lets everybody go, and nobody wait from now on. */
  stop(): void;
}

export interface RequestWatch {
  /** True when something happened since the watch or the last call began; false when the time is up or nobody waits any more. */
  changed(): Promise<boolean>;
  /** Ends the wait after so long. */
  endAfter(ms: number): void;
  /** Ends the wait, and the watch. */
  end(): void;
}

/** Over all requests, and for one of them. */
const mostWaiting = 1024;
const mostOfOne = 8;

export function createRequestNews(): RequestNews {
  const watches = new Map<string, Set<Watch>>();
  let waiting = 0;
  let stopped = false;

  return {
    announce(id) {
      for (const watch of watches.get(id) ?? []) watch.tell();
    },
    announceLoss(credential) {
      for (const ofRequest of watches.values()) {
        for (const watch of ofRequest) if (watch.credential === credential) watch.tell();
      }
    },
    watch(id, credential) {
      const ofRequest = watches.get(id) ?? new Set<Watch>();
      if (stopped || waiting >= mostWaiting || ofRequest.size >= mostOfOne) return undefined;
      const watch = new Watch(credential, () => {
        waiting -= 1;
        ofRequest.delete(watch);
        if (ofRequest.size === 0) watches.delete(id);
      });
      waiting += 1;
      watches.set(id, ofRequest.add(watch));
      return watch;
    },
    stop() {
      stopped = true;
      for (const watch of [...watches.values()].flatMap((ofRequest) => [...ofRequest])) watch.end();
    },
  };
}

class Watch implements RequestWatch {
  readonly credential: string;
  readonly #forget: () => void;
  #news = false;
  #ended = false;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(credential: string, forget: () => void) {
    this.credential = credential;
    this.#forget = forget;
  }

  tell(): void {
    this.#news = true;
    this.#wake?.();
  }

  endAfter(ms: number): void {
    this.#timer = setTimeout(() => this.end(), ms);
  }

  async changed(): Promise<boolean> {
    if (!this.#news && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    const told = this.#news;
    this.#news = false;
    return told;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#forget();
    this.#wake?.();
  }
}
